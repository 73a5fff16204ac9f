"""Every setting as an option of a command, and from the options checked settings."""

import argparse
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riverrun.cli.parsing import Parser
from riverrun.errors import SettingsError

if TYPE_CHECKING:
    from riverrun.config.settings import Settings

CHANGED_FIRST = (
    "text.unit",
    "text.lower",
    "data.validation",
    "model.core",
    "model.hidden",
    "model.layers",
    "model.dropout",
    "training.learning_rate",
    "training.early_stopping",
    "training.seed",
)


ALSO_CALLED = {
    "minutes": "budget.minutes",
    "epochs": "budget.epochs",
    "steps": "budget.steps",
    "task": "data.task",
}


def add_settings(parser: Parser) -> None:
    """Every setting is an option; the help shows those that are changed first, and ``--help-all`` all of them."""
    from riverrun.config.building import known_keys, switches

    about, alone = known_keys(), switches()
    first = parser.add_argument_group("settings that are changed first")
    for key in CHANGED_FIRST:
        add_setting(first, _flag(key), key, about[key], key in alone)
    rest = [key for key in about if key not in CHANGED_FIRST and key not in ALSO_CALLED.values()]
    hidden: dict[argparse.Action, str] = {}
    for section, keys in groupby(rest, lambda key: key.split(".")[0]):
        group = parser.add_argument_group(f"all other settings of {section}")
        hidden |= {
            add_setting(group, _flag(key), key, argparse.SUPPRESS, key in alone): about[key] for key in keys
        }
    for key in ALSO_CALLED.values():
        add_setting(parser, _flag(key), key, argparse.SUPPRESS)
    parser.add_argument("--help-all", action=_HelpAll, hidden=hidden, help="this, and all other settings")


def add_setting(
    group: Any, flag: str, key: str, about: str, alone: bool = False, metavar: str = "VALUE"
) -> argparse.Action:
    """An option that sets a setting; one that is true or false may stand alone."""
    switch = {"nargs": "?", "const": "true"} if alone else {}
    about = about.replace("%", "%%")
    return group.add_argument(
        flag, dest=key, metavar=metavar, default=argparse.SUPPRESS, help=about, **switch
    )


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


class _HelpAll(argparse._HelpAction):
    """Prints the help with what is hidden else."""

    def __init__(self, *arguments: Any, hidden: dict[argparse.Action, str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._hidden = hidden

    def __call__(self, *arguments: Any, **named: Any) -> None:
        for action, about in self._hidden.items():
            action.help = about.replace("%", "%%")
        super().__call__(*arguments, **named)


def settings_of(options: argparse.Namespace) -> "Settings":
    """Flags over the file over defaults; raises SettingsError naming all faults at once."""
    from riverrun.config.building import build_settings, read_toml

    given = {key: value for key, value in vars(options).items() if "." in key}
    file = read_toml(Path(options.config)) if options.config else {}
    if any(key.startswith("budget.") for key in given):  # a budget given by flag replaces the file's
        file = {key: value for key, value in file.items() if not key.startswith("budget.")}
    try:
        settings = build_settings(file, given)
    except SettingsError as error:
        raise SettingsError("; ".join([*options.faults, error.message])) from None
    if options.faults:
        raise SettingsError("; ".join(options.faults))
    return settings
