"""``riverrun evaluate``: how well a model predicts a text."""

import argparse

from riverrun.cli.main import Parser, print_json
from riverrun.cli.precision_flag import add_precision
from riverrun.cli.translate import add_beam


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("file", help="a file, directory, glob, known text or - for standard input")
    add_beam(parser, "translators: hypotheses kept")
    parser.add_argument(
        "--skip-bad",
        "--data.skip-bad",
        action="store_true",
        help="translators: leave out lines that are no pair",
    )
    add_precision(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import TrainedTranslator, load

    model = load(options.model, precision=options.precision)
    if isinstance(model, TrainedTranslator):
        figures = model.evaluate(options.file, beam=options.beam, skip_bad=options.skip_bad).to_dict()
    else:
        figures = model.evaluate(options.file).to_dict()
    if options.json:
        print_json(figures)
        return 0
    for name, value in figures.items():
        if isinstance(value, dict):  # figures of parts, such as tags
            for part, figure in value.items():
                print(f"  {part:18} {_shown(figure)}")
        else:
            print(f"{name.replace('_', ' '):20} {_shown(value)}")
    return 0


def _shown(value: float | str | None) -> str:
    match value:
        case None:
            return "undefined"
        case str():
            return value
        case float():
            return f"{value:,.4f}"
        case _:
            return f"{value:,}"
