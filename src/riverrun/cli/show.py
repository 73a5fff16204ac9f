"""``riverrun show``: what a model is."""

import argparse
import json

from riverrun.cli.main import Parser


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load

    model = load(options.model)
    report = {
        "model": str(options.model),
        "parameters": model.parameters,
        "vocabulary": model.tokenizer.size,
        "facts": model.facts,
        "settings": model.settings,
    }
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
        return 0
    print(
        f"{options.model}: {model.facts.get('kind', 'model')}, {model.parameters:,} weights, "
        f"{model.tokenizer.size:,} symbols"
    )
    for name, value in model.facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        print(f"  {name.replace('_', ' '):32} {value}")
    for section, values in model.settings.items():
        for key, value in values.items():
            print(f"  {section + '.' + key:32} {value}")
    return 0
