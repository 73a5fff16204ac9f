"""``riverrun train``: from texts to a model directory."""

import argparse
import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riverrun.cli.main import Parser, print_json
from riverrun.errors import InputError, SettingsError

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


def add_arguments(parser: Parser) -> None:
    parser.usage = (
        "riverrun train CORPUS... [-o DIR] [--minutes M | --epochs N | --steps N] [--section.key VALUE ...]"
    )
    parser.keeps_faults = True
    parser.add_argument("corpus", nargs="*", help="files, directories, globs, - or names of known texts")
    budget = parser.add_argument_group("how long (one of these)")
    _add(budget, "--minutes", "budget.minutes", "wall time of the whole command (default: 3)", metavar="M")
    _add(budget, "--epochs", "budget.epochs", "epochs, which are passes over the text", metavar="N")
    _add(budget, "--steps", "budget.steps", "updates of the weights", metavar="N")
    output = parser.add_argument_group("the model directory")
    output.add_argument("-o", "--output", metavar="DIR", help="its name (default: the corpus' name)")
    output.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    output.add_argument("--overwrite", action="store_true", help="replace the model in it")
    _add_settings(parser)
    others = parser.add_argument_group("more")
    others.add_argument("--config", metavar="FILE", help="settings in TOML, by sections; a flag wins over it")
    _add(others, "--task", "data.task", "language, translation or tagging (default: by the files)")
    others.add_argument("--json", action="store_true", help="print one JSON object at the end")


def _add_settings(parser: Parser) -> None:
    """Every setting is an option; the help shows those that are changed first, and ``--help-all`` all of them."""
    from riverrun.config.building import known_keys, switches

    about, alone = known_keys(), switches()
    first = parser.add_argument_group("settings that are changed first")
    for key in CHANGED_FIRST:
        _add(first, _flag(key), key, about[key], key in alone)
    rest = [key for key in about if key not in CHANGED_FIRST and key not in ALSO_CALLED.values()]
    hidden: dict[argparse.Action, str] = {}
    for section, keys in groupby(rest, lambda key: key.split(".")[0]):
        group = parser.add_argument_group(f"all other settings of {section}")
        hidden |= {_add(group, _flag(key), key, argparse.SUPPRESS, key in alone): about[key] for key in keys}
    for key in ALSO_CALLED.values():
        _add(parser, _flag(key), key, argparse.SUPPRESS)
    parser.add_argument("--help-all", action=_HelpAll, hidden=hidden, help="this, and all other settings")


def _add(
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


def run(options: argparse.Namespace) -> int:
    # Before torch loads: its threads wait by spinning for milliseconds, which on a busy machine takes the core
    # from the thread they wait for. A shorter spin costs nothing when idle and was 1.5 times faster when busy.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    from riverrun.cli.display import display
    from riverrun.training.clock import Clock
    from riverrun.training.run import Request
    from riverrun.training.run import run as train

    clock = Clock.since_process_start()
    settings = _settings(options)
    if not options.corpus and not options.resume:
        raise InputError("no text given: riverrun train CORPUS..., a file, a directory, - or a known name")
    output = Path(options.output) if options.output else _default_output(options.corpus)
    request = Request(tuple(options.corpus), output, settings, options.resume, options.overwrite)
    resume = shlex.join(["riverrun", "train", *options.corpus, "-o", str(output), "--resume"])
    with _stop_on_interrupt() as should_stop:
        last = display(train(request, clock, should_stop), request, resume, quiet=False)
    if options.json:
        report = {
            "model": str(output),
            "steps": last.step,
            "seconds": round(last.seconds, 3),
            "reason": last.reason,
            **last.held_out_figures,
        }
        print_json(report)
    return 130 if last.reason == "interrupted" else 0


def _settings(options: argparse.Namespace) -> "Settings":
    """Flags over the file over defaults; raises SettingsError naming all faults at once."""
    from riverrun.config.building import build, read_toml

    given = {key: value for key, value in vars(options).items() if "." in key}
    file = read_toml(Path(options.config)) if options.config else {}
    if any(key.startswith("budget.") for key in given):  # a budget given by flag replaces the file's
        file = {key: value for key, value in file.items() if not key.startswith("budget.")}
    try:
        settings = build(file, given)
    except SettingsError as error:
        raise SettingsError("; ".join([*options.faults, error.message])) from None
    if options.faults:
        raise SettingsError("; ".join(options.faults))
    return settings


def _default_output(corpus: list[str]) -> Path:
    if not corpus:
        raise InputError("--resume needs the texts or --output")
    stem = Path(corpus[0]).name.split(".")[0].strip("*?-") or "model"
    return Path(stem if not Path(stem).is_file() and stem != corpus[0].rstrip("/") else f"{stem}-model")


@contextmanager
def _stop_on_interrupt() -> Iterator[Any]:
    """Ctrl-C asks the run to stop after its step; a second one ends it at once."""
    asked = False

    def note(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        with suppress(OSError):  # not print: the signal may have come in the middle of one
            os.write(2, b"\nstopping after this step; Ctrl-C again to leave without saving\n")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
