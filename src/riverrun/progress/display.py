"""Shows the events of a run on stderr: below them a status line on a terminal, plain lines elsewhere."""

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import NamedTuple, TextIO

from riverrun.progress import wording
from riverrun.progress.cautions import cautions
from riverrun.progress.status_line import StatusLine
from riverrun.training import events

_BETWEEN = 10.0  # seconds between lines of progress where there is no terminal
_LOG_WIDTH = 100  # columns there
_UNKNOWN_WIDTH = 80


class _Latest(NamedTuple):
    """The progress known last, and when that was."""

    event: events.Progress
    since: float


class Display:
    """Shows events on stderr."""

    def __init__(self, output: Path, resume: str) -> None:
        self._output, self._resume = output, resume
        self._latest: _Latest | None = None
        self._planned: events.Planned | None = None  # said last
        self._logged = -_BETWEEN
        self._explained = False
        self._prompt: str | None = None
        self._columns = _columns_of(sys.stderr)

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """While this is open, a terminal has a status line, and what others write to stderr appears above it."""
        if self._columns is None:
            yield
            return
        with StatusLine(sys.stderr, self._parts, self._columns) as line, redirect_stderr(line):
            yield

    def show(self, event: events.Event) -> None:
        """Write what an event is worth."""
        match event:
            case events.Started():
                self._say(
                    "\n".join(
                        [wording.started(event, self._output), *map("warning: {}".format, cautions(event))]
                    )
                )
            case events.Planned():
                if self._planned is None or wording.differs(self._planned, event):
                    self._say(wording.planned(event, self._planned))
                    self._planned = event
            case events.Progress():
                self._latest = _Latest(event, time.monotonic())
                if self._columns is None and (
                    event.seconds - self._logged >= _BETWEEN or event.step == event.steps
                ):
                    self._logged = event.seconds
                    self._say("  ".join(wording.progress(event)))
            case events.Evaluated():
                self._say(wording.evaluated(event))
                if not self._explained and (meanings := wording.meanings(event)):
                    self._say(meanings)
                self._explained = True
            case events.Previewed():
                if event.prompt != self._prompt:
                    self._say(self._block("from:", wording.prompt(event)))
                self._prompt = event.prompt
                self._say(self._block(f"{event.label}:", wording.sample_in_words(event)))
            case events.Stopped(reason="interrupted"):
                where = f"stopped at step {event.step:,} and saved in {self._output}; to go on:"
                self._say(f"{where}\n  {self._resume}" if self._resume else where.removesuffix("; to go on:"))
            case events.Stopped():
                self._say(wording.stopped(event, self._output))

    def _parts(self) -> Sequence[str]:
        if self._latest is None:
            return ["starting"]
        event, since = self._latest
        first, second, *others = wording.progress(event, time.monotonic() - since)
        return [first, second, wording.bar(event), *others]

    def _block(self, label: str, text: str) -> str:
        """A label, and below it the text, wrapped at words."""
        from rich.console import Console
        from rich.text import Text

        width = _LOG_WIDTH if self._columns is None else max(20, self._columns() - 1)
        console = Console(width=width)
        rows = [
            row.plain for line in text.split("\n") for row in Text(line).wrap(console, width - 4) or [Text()]
        ]
        return "\n".join([f"  {label}", *(f"    {row}".rstrip() for row in rows)])

    def _say(self, text: str) -> None:
        """Print lines; on a terminal those that are longer than it are cut between words, but not commands to copy."""
        if self._columns is not None:
            width = max(20, self._columns() - 1)
            text = "\n".join(
                line
                if len(line) <= width or line.startswith("  ")
                else textwrap.fill(line, width, subsequent_indent="  ")
                for line in text.split("\n")
            )
        with suppress(OSError):  # nobody reads any more: no reason to stop training
            print(text, file=sys.stderr, flush=True)


def _columns_of(stream: TextIO) -> Callable[[], int] | None:
    """The width of a terminal on which a line can be drawn again, as it is when asked; None for anything else."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    if sys.platform == "win32":
        from rich.console import Console

        if Console(file=stream).legacy_windows:
            return None

    def columns() -> int:
        try:
            return os.get_terminal_size(stream.fileno()).columns or _UNKNOWN_WIDTH
        except OSError:
            return _UNKNOWN_WIDTH

    return columns
