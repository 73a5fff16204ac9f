"""``riverrun report``: a page about a model."""

import argparse
import sys
from pathlib import Path

from riverrun.cli.parsing import Parser


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("-o", "--output", metavar="FILE", help="the page (default: MODEL-report.html)")
    parser.add_argument("--text", metavar="FILE", help="its training text or pairs, where they have moved")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load
    from riverrun.reporting.model_report import write_model_report

    model = load(options.model)

    def tell(message: str) -> None:
        print(f"{message} ...", file=sys.stderr)

    beside = model.path.with_name(f"{model.path.resolve().name}-report.html")
    print(write_model_report(model, Path(options.output) if options.output else beside, options.text, tell))
    return 0
