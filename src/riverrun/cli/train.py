"""``riverrun train``: from texts to a model directory."""

import argparse
import os
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from riverrun.cli.parsing import Parser
from riverrun.cli.setting_options import add_setting, add_settings, settings_of
from riverrun.cli.signals import stop_on_signals
from riverrun.cli.standard_output import print_json
from riverrun.errors import InputError

if TYPE_CHECKING:
    from riverrun.training.events import Stopped


def add_arguments(parser: Parser) -> None:
    parser.usage = (
        "riverrun train CORPUS... [-o DIR] [--minutes M | --epochs N | --steps N] [--section.key VALUE ...]"
    )
    parser.keeps_faults = True
    parser.add_argument("corpus", nargs="*", help="files, directories, globs, - or names of known texts")
    budget = parser.add_argument_group("how long (one of these)")
    add_setting(
        budget, "--minutes", "budget.minutes", "wall time of the whole command (default: 3)", metavar="M"
    )
    add_setting(budget, "--epochs", "budget.epochs", "epochs, which are passes over the text", metavar="N")
    add_setting(budget, "--steps", "budget.steps", "updates of the weights", metavar="N")
    output = parser.add_argument_group("the model directory")
    output.add_argument("-o", "--output", metavar="DIR", help="its name (default: the corpus' name)")
    output.add_argument(
        "--from", dest="base", metavar="MODEL", help="start from this model's weights, symbols and shape"
    )
    output.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    output.add_argument("--overwrite", action="store_true", help="replace the model in it")
    add_settings(parser)
    others = parser.add_argument_group("more")
    others.add_argument("--config", metavar="FILE", help="settings in TOML, by sections; a flag wins over it")
    add_setting(others, "--task", "data.task", "language, translation or tagging (default: by the files)")
    others.add_argument("--json", action="store_true", help="print one JSON object at the end")


def run(options: argparse.Namespace) -> int:
    # Before torch loads: its threads wait by spinning for milliseconds, which on a busy machine takes the core
    # from the thread they wait for. A shorter spin costs nothing when idle and was 1.5 times faster when busy.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    from riverrun.progress.following import follow
    from riverrun.training.clock import Clock
    from riverrun.training.run import Request
    from riverrun.training.run import run as train

    clock = Clock.since_process_start()
    settings = settings_of(options)
    if not options.corpus and not options.resume:
        raise InputError("no text given: riverrun train CORPUS..., a file, a directory, - or a known name")
    output = Path(options.output) if options.output else _default_output(options.corpus)
    base = None if options.base is None else Path(options.base)
    request = Request(tuple(options.corpus), output, settings, options.resume, options.overwrite, base)
    resume = shlex.join(["riverrun", "train", *options.corpus, "-o", str(output), "--resume"])
    with stop_on_signals() as asked:
        happening = asked.noting(train(request, clock, lambda: asked.by is not None))
        last = follow(happening, output, resume)
    if options.json:
        report = {
            "model": str(output),
            "steps": last.step,
            "seconds": round(last.seconds, 3),
            "reason": last.reason,
            **last.held_out_figures,
        }
        print_json(report)
    if last.reason == "interrupted":
        return 128 + (asked.by or signal.SIGINT)
    with suppress(OSError):  # nobody reads any more
        print(_next(output, last), file=sys.stderr)
    return 0


def _default_output(corpus: list[str]) -> Path:
    if not corpus:
        raise InputError("--resume needs the texts or --output")
    stem = Path(corpus[0]).name.split(".")[0].strip("*?-") or "model"
    return Path(stem if not Path(stem).is_file() and stem != corpus[0].rstrip("/") else f"{stem}-model")


def _next(output: Path, last: "Stopped") -> str:
    """What to do with the model now."""
    model = shlex.quote(str(output))
    use = (
        f'translate {model} "..."'
        if last.best is not None and "exact_match" in last.best.figures
        else f"generate {model}"
    )
    return f"next: riverrun {use}; riverrun show {model} says how good it is and what to try"
