"""Memory that was freed goes back to the system now and then: what lies between what is still used adds up in months.

Requests of many lengths leave holes that the allocator of glibc keeps; other systems have none of this call.
"""

import ctypes
import sys
import time
from collections.abc import Callable

PAUSE = 60.0  # seconds


class Heap:
    """Asked often, it acts once in a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._trim = _trimmer()
        self._clock, self._last = clock, clock()

    def tidy(self) -> bool:
        """Give back what is free, where the last time is long ago; returns whether it did."""
        if self._trim is None or self._clock() - self._last < PAUSE:
            return False
        self._last = self._clock()
        self._trim(0)
        return True


def _trimmer() -> Callable[[int], int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
