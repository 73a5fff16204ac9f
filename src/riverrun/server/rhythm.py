"""How many symbols fit into a slice of time."""

from collections import deque

_FIRST = 16  # symbols, before anything was measured
_MOST = 2048
_REMEMBERED = 4  # measurements, of which the best one counts: another program may have been in the way


class Rhythm:
    """Learns how long a symbol takes in each kind of work."""

    def __init__(self) -> None:
        self._seconds: dict[object, deque[float]] = {}

    def count(self, kind: object, seconds: float) -> int:
        """Symbols of this kind of work that take about that long; at least one."""
        known = self._seconds.get(kind)
        return max(1, min(_MOST, int(seconds / min(known)))) if known else _FIRST

    def took(self, kind: object, count: int, seconds: float) -> None:
        """Remember what ``count`` symbols took."""
        known = self._seconds.setdefault(kind, deque(maxlen=_REMEMBERED))
        known.append(max(seconds / count, 1e-9))
