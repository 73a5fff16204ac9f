"""``riverrun show``: what a model is."""

import argparse
from typing import TYPE_CHECKING

from riverrun.cli.main import Parser, print_json
from riverrun.errors import visible

if TYPE_CHECKING:
    from riverrun.api import TrainedLanguageModel, TrainedTranslator


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _vocabulary(model: "TrainedLanguageModel | TrainedTranslator") -> int:
    """Symbols it can write."""
    from riverrun.api import TrainedTranslator

    return model.target.size if isinstance(model, TrainedTranslator) else model.tokenizer.size


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load

    model = load(options.model)
    report = {
        "model": str(options.model),
        "parameters": model.parameters,
        "vocabulary": _vocabulary(model),
        "facts": model.facts,
        "settings": model.settings,
    }
    if options.json:
        print_json(report)
        return 0
    print(
        f"{options.model}: {model.facts.get('kind', 'model')}, {model.parameters:,} weights, "
        f"{_vocabulary(model):,} symbols"
    )
    for name, value in model.facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        print(visible(f"  {name.replace('_', ' '):32} {value}"))
    for section, values in model.settings.items():
        for key, value in values.items():
            print(visible(f"  {section + '.' + key:32} {value}"))
    return 0
