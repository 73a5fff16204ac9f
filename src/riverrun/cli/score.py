"""``riverrun score``: surprisal of every token."""

import argparse
import json
from pathlib import Path

from riverrun.cli.main import Parser, print_json
from riverrun.cli.precision_flag import add_precision


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("file", nargs="?", default="-", help="the text; - is standard input (default)")
    add_precision(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--html", metavar="FILE", help="write a page with the text coloured by surprisal")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load_language_model
    from riverrun.data.corpus import read_text

    model = load_language_model(options.model, options.precision)
    score = model.score(read_text(options.file, model.reading))
    if options.html is not None:
        from riverrun.reporting.surprisal_page import write_page

        write_page(Path(options.html), score, str(options.model))
    if options.json:
        print_json(score.to_dict())
    elif options.html is None:
        for token in score.token_scores:
            print(f"{token.surprisal_bits:.4f}\t{json.dumps(token.text, ensure_ascii=False)}")
    return 0
