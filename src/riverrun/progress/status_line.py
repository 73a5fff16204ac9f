"""A line at the bottom of a terminal that is drawn again and again, below whatever else is written."""

import io
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

_ERASE = "\x1b[J"  # from the cursor to the end of the screen (ECMA-48, erase in page)
_PERIOD = 0.5  # seconds between drawings


class StatusLine(io.TextIOBase):
    """Stands in for the stream of a terminal: what is written appears above the line.

    After each drawing the cursor returns to the line's first column. Where a terminal that became narrower folds the
    line, the cursor stays at the first of its rows; so erasing from there leaves nothing behind.
    """

    def __init__(self, stream: TextIO, parts: Callable[[], Sequence[str]], width: Callable[[], int]) -> None:
        """``parts``: what the line says at the moment, the most important first; ``width``: columns."""
        self._stream, self._parts, self._width = stream, parts, width
        self._lock = threading.RLock()
        self._held = ""  # written, but no whole line yet
        self._closing = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "StatusLine":
        self._ticking.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._closing.set()
        self._ticking.join()
        with self._lock:
            self._put(_ERASE + self._held)

    def write(self, text: str, /) -> int:
        """Write whole lines above the status line; a part of a line waits for its end."""
        with self._lock:
            whole, newline, self._held = (self._held + text).rpartition("\n")
            if newline:
                self._put(f"{_ERASE}{whole}\n{self._line()}")
        return len(text)

    def isatty(self) -> bool:
        return True

    def draw(self) -> None:
        """Draw the line as it is now."""
        with self._lock:
            self._put(_ERASE + self._line())

    def _line(self) -> str:
        return f"{fitted(self._parts(), self._width() - 1)}\r"

    def _put(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody looks any more: no reason to stop
            self._stream.write(text)
            self._stream.flush()

    def _tick(self) -> None:
        while not self._closing.wait(_PERIOD):
            self.draw()


def fitted(parts: Sequence[str], width: int) -> str:
    """As many of the parts as there is room for, from the first on."""
    line = ""
    for part in parts:
        longer = f"{line}  {part}" if line else part
        if len(longer) > width:
            break
        line = longer
    return line or "".join(parts[:1])[: max(0, width)]
