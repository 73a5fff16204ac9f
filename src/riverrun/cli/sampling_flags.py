"""Flags of a command for each setting of sampling, its help, range and default as they stand there."""

import argparse
from collections.abc import Mapping
from typing import Any

from riverrun.cli.parsing import Parser
from riverrun.generation.sampling import SETTINGS


def add_sampling(parser: Parser) -> None:
    """A flag for each setting, and ``--greedy`` for a temperature of 0."""
    for name, setting in SETTINGS.items():
        flag = f"--{name.replace('_', '-')}"
        if setting.kind is bool:
            parser.add_argument(flag, action="store_true", help=setting.about)
        else:
            about = f"{setting.about} ({setting.range.removesuffix(', finite')}; default {setting.default:g})"
            letter = "N" if setting.kind is int else "X"
            parser.add_argument(flag, type=setting.kind, default=setting.default, metavar=letter, help=about)
    parser.add_argument("--greedy", action="store_true", help="always the most likely symbol: temperature 0")


def sampling_of(options: argparse.Namespace) -> Mapping[str, Any]:
    """What was chosen, as keywords of :class:`riverrun.generation.sampling.Sampling`."""
    chosen = {name: getattr(options, name) for name in SETTINGS}
    return chosen | {"temperature": 0.0} if options.greedy else chosen
