"""``riverrun train``: from texts to a model directory."""

import argparse
import os
import shlex
import signal
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from riverrun.cli.main import Parser, print_json
from riverrun.errors import InputError

Event = TypeVar("Event")


def add_arguments(parser: Parser) -> None:
    parser.usage = (
        "riverrun train CORPUS... [-o DIR] [--minutes M | --epochs N | --steps N] [--section.key VALUE ...]"
    )
    parser.add_argument("corpus", nargs="*", help="files, directories, globs, - or names of known texts")
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="the model directory (default: the corpus' name)"
    )
    parser.add_argument(
        "--task",
        metavar="TASK",
        help="language, translation or tagging (default: by the files; pairs are .tsv)",
    )
    parser.add_argument("--minutes", metavar="M", help="budget: wall time (default: 3)")
    parser.add_argument("--epochs", metavar="N", help="budget: passes over the text")
    parser.add_argument("--steps", metavar="N", help="budget: updates of the weights")
    parser.add_argument("--config", metavar="FILE", help="settings in TOML")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--overwrite", action="store_true", help="replace the model in the output directory")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    plain_help = parser.format_help
    parser.format_help = lambda: f"{plain_help()}\n{_settings_help()}"
    parser.parse_args = _keeping_settings(parser)  # pyright: ignore[reportAttributeAccessIssue]


def run(options: argparse.Namespace) -> int:
    # Before torch loads: its threads wait by spinning for milliseconds, which on a busy machine takes the core
    # from the thread they wait for. A shorter spin costs nothing when idle and was 1.5 times faster when busy.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    from riverrun.cli.display import display
    from riverrun.config.building import build, read_toml
    from riverrun.training.planning import Clock
    from riverrun.training.run import Request
    from riverrun.training.run import run as train

    clock = Clock.since_process_start()
    file = read_toml(Path(options.config)) if options.config else {}
    budget = {
        f"budget.{k}": v for k in ("minutes", "epochs", "steps") if (v := getattr(options, k)) is not None
    }
    if options.task is not None:
        options.dotted["data.task"] = options.task
    if budget:  # a budget given by flag replaces the file's
        file = {key: value for key, value in file.items() if not key.startswith("budget.")}
    settings = build(file, options.dotted, budget)
    if not options.corpus and not options.resume:
        raise InputError("no text given: riverrun train CORPUS..., a file, a directory, - or a known name")
    output = Path(options.output) if options.output else _default_output(options.corpus)
    request = Request(tuple(options.corpus), output, settings, options.resume, options.overwrite)
    resume = shlex.join(["riverrun", "train", *options.corpus, "-o", str(output), "--resume"])
    with _stop_on_interrupt() as signals:
        happening = signals.noting(train(request, clock, lambda: signals.asked))
        last = display(happening, request, resume, quiet=False)
    if options.json:
        report = {
            "model": str(output),
            "steps": last.step,
            "seconds": round(last.seconds, 3),
            "reason": last.reason,
        }
        if last.best is not None:
            report["validation_nats_per_token"] = last.best.nats_per_token
            report |= {f"validation_{name}": value for name, value in last.best.figures.items()}
        print_json(report)
    return 130 if last.reason == "interrupted" else 0


def _keeping_settings(parser: Parser):
    """Parse with ``--section.key VALUE`` flags taken out first; they may stand anywhere."""
    plain = parser.parse_intermixed_args

    def parse(arguments: list[str]) -> argparse.Namespace:
        dotted, rest = split_settings(arguments, parser._option_string_actions)
        options = plain(rest)
        options.dotted = dotted
        return options

    return parse


def split_settings(arguments: list[str], flags: Container[str]) -> tuple[dict[str, Any], list[str]]:
    """Separate ``--section.key VALUE``, ``--section.key=VALUE`` and bare ``--section.key`` (true) from the rest.

    What is none of the command's own ``flags`` is taken for a setting too, so that all unknown ones are
    reported together, with the nearest known names.
    """
    dotted: dict[str, Any] = {}
    rest: list[str] = []
    items = iter(enumerate(arguments))
    for index, argument in items:
        name, equals, value = argument.removeprefix("--").partition("=")
        key = name.replace("-", "_")
        if not argument.startswith("--") or argument == "--" or f"--{name}" in flags:
            rest.append(argument)
            continue
        following = arguments[index + 1] if index + 1 < len(arguments) else "--"
        alone = key in _SWITCHES and following not in ("true", "false")
        if not equals and (following.startswith("--") or alone):
            value = "true"
        elif not equals:
            value = following
            next(items)
        dotted[key] = value
    return dotted, rest


_SWITCHES = ("text.lower", "model.tied", "model.input_feeding", "data.skip_bad")


def _settings_help() -> str:
    from riverrun.config.building import known_keys

    rows = [
        f"  --{key.replace('_', '-'):34}{about}" for key, about in known_keys().items() if "budget" not in key
    ]
    return "settings (also sections of a --config file; auto chooses):\n" + "\n".join(rows) + "\n"


def _default_output(corpus: list[str]) -> Path:
    if not corpus:
        raise InputError("--resume needs the texts or --output")
    stem = Path(corpus[0]).name.split(".")[0].strip("*?-") or "model"
    return Path(stem if not Path(stem).is_file() and stem != corpus[0].rstrip("/") else f"{stem}-model")


@dataclass
class Signals:
    """Whether training has begun, and whether it was asked to stop."""

    begun: bool = False
    asked: bool = False

    def noting(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; with the first one, training begins."""
        for event in events:
            self.begun = True
            yield event


@contextmanager
def _stop_on_interrupt() -> Iterator[Signals]:
    """Ctrl-C asks the run to stop after its step; a second one, or one before training begins, ends it at once."""
    signals = Signals()

    def note(number: int, frame: object) -> None:
        if signals.asked or not signals.begun:
            raise KeyboardInterrupt
        signals.asked = True
        with suppress(OSError):  # not print: the signal may have come in the middle of one
            os.write(2, b"\nstopping after this step; Ctrl-C again to leave without saving\n")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
