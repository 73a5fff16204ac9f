"""Ctrl-C and SIGTERM ask a long command to come to a good end."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

Event = TypeVar("Event")


@dataclass
class Asked:
    """Whether training has begun, and which signal has asked for its end, if one has."""

    begun: bool = False
    by: int | None = None

    def noting(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; with the first one, training begins."""
        for event in events:
            self.begun = True
            yield event


_STOPPING = {
    signal.SIGINT: b"stopping after this step; Ctrl-C again to leave without saving\n",
    signal.SIGTERM: b"asked to end (SIGTERM): stopping after this step, then saving\n",
}


@contextmanager
def stop_on_signals() -> Iterator[Asked]:
    """Ctrl-C and SIGTERM ask the run to stop after its step; a second one, or one before it begins, ends it at once."""
    asked = Asked()

    def note(number: int, frame: object) -> None:
        if asked.by is not None or not asked.begun:
            raise KeyboardInterrupt
        asked.by = number
        with suppress(OSError):  # not print: the signal may have come in the middle of one
            os.write(2, (b"\r\x1b[J" if os.isatty(2) else b"\n") + _STOPPING[signal.Signals(number)])

    before = {number: signal.signal(number, note) for number in _STOPPING}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
