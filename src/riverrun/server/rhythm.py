"""How many symbols fit into a slice of time."""

_FIRST = 16  # symbols, before anything was measured
_MOST = 2048
_WEIGHT = 0.3  # of the latest measurement


class Rhythm:
    """Learns how long a symbol takes in each kind of work."""

    def __init__(self) -> None:
        self._seconds: dict[object, float] = {}

    def count(self, kind: object, seconds: float) -> int:
        """Symbols of this kind of work that take about that long; at least one."""
        known = self._seconds.get(kind)
        return _FIRST if known is None else max(1, min(_MOST, int(seconds / known)))

    def took(self, kind: object, count: int, seconds: float) -> None:
        """Remember what ``count`` symbols took."""
        latest = max(seconds / count, 1e-9)
        known = self._seconds.setdefault(kind, latest)
        self._seconds[kind] = known + _WEIGHT * (latest - known)
