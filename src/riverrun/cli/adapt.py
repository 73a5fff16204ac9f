"""``riverrun adapt``: a model goes on learning from texts, and becomes a new model."""

import argparse
from pathlib import Path

from riverrun.cli.parsing import Parser
from riverrun.cli.standard_output import print_json


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory, which stays as it is")
    parser.add_argument(
        "text", nargs="+", help="files, directories, globs, known texts or -, read once in this order"
    )
    parser.add_argument("-o", "--output", required=True, metavar="NEW", help="directory of the new model")
    parser.add_argument("--overwrite", action="store_true", help="replace the model in that directory")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load_language_model

    model = load_language_model(options.model)
    found = model.adapt(options.text, options.output, overwrite=options.overwrite)
    if options.json:
        print_json(found.to_dict() | {"model": options.output})
        return 0
    print(
        f"read {found.characters:,} characters, each piece scored before it was learned from: "
        f"{found.nats_per_token:.4f} nats per token on the way"
    )
    print(f"model in {Path(options.output)}")
    return 0
