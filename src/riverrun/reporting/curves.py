"""Lines over an axis as inline SVG: no library, no file beside the page, colours from its style."""

import html
import math
from collections.abc import Mapping, Sequence

Curve = Sequence[tuple[float, float]]
"""Points (x, y) in order."""

_WIDTH, _HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 40  # margins
_MARKED = 30  # points of a line that are marked, at most
_TICKS = 6


def chart(lines: Mapping[str, Curve], across: str, up: str) -> str:
    """Lines by name; points of short lines are marked, so that a single one is seen. Values show when touched.

    Args:
        lines: by name; at most four.
        across, up: what the axes show, with units.
    """
    lines = {
        name: [point for point in line if all(map(math.isfinite, point))] for name, line in lines.items()
    }
    points = [point for line in lines.values() for point in line]
    if not points:
        return "<p>Nothing was measured.</p>"
    xs, ys = _Axis([0.0, *(x for x, _ in points)], _LEFT, _WIDTH - _RIGHT), _height(list(lines.values()))
    parts = [_grid(xs, ys, across, up)]
    for number, line in enumerate(lines.values()):
        parts.append(_line(line, number, xs, ys))
    key = "".join(
        f'<span><i class="c{number}"></i>{html.escape(name)}</span>' for number, name in enumerate(lines)
    )
    label = html.escape(f"{up} against {across}: {', '.join(lines)}")
    return (
        f'<figure class="chart"><figcaption class="key">{key}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg></figure>'
    )


def smoothed(line: Curve, points: int = 120) -> Curve:
    """A line of at most so many points, each the mean of those around it."""
    size = math.ceil(len(line) / points)
    groups = [line[start : start + size] for start in range(0, len(line), max(1, size))]
    return [(group[-1][0], math.fsum(y for _, y in group) / len(group)) for group in groups]


class _Axis:
    """From values to places, with round ticks."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        low, high = min(values), max(values)
        if high - low < 1e-9 * max(1.0, abs(high)):  # one value: room on both sides of it
            low, high = (0.0, 2 * high) if high > 1e-6 else (low - 1, high + 1)
        step = _round_step((high - low) / _TICKS)
        self.low, self.high, self._begin, self._end = low, high, begin, end
        first = math.ceil(low / step - 1e-9)
        self.ticks = [step * n for n in range(first, math.floor(high / step + 1e-9) + 1)]
        self._decimals = max(0, -math.floor(math.log10(step) + 1e-9))

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self._begin + min(1.0, max(0.0, share)) * (self._end - self._begin), 1)

    def shown(self, value: float) -> str:
        return f"{value:,.{self._decimals}f}"


def _height(lines: Sequence[Curve]) -> _Axis:
    """The upper end is where the lines are after their steep beginning: a few first values may be cut off."""
    values = sorted(y for line in lines for _, y in line)
    firsts = [line[0][1] for line in lines if len(line) == 1]
    top = max(values[round(0.97 * (len(values) - 1))], *firsts, values[len(values) // 2])
    low = values[0]
    margin = 0.05 * (top - low)
    return _Axis([low - margin, top + margin], _HEIGHT - _BOTTOM, _TOP)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def _grid(xs: _Axis, ys: _Axis, across: str, up: str) -> str:
    parts = []
    for value in ys.ticks:
        y = ys.place(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{ys.shown(value)}</text>')
    for value in xs.ticks:
        parts.append(
            f'<text x="{xs.place(value)}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{xs.shown(value)}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{html.escape(across)}</text>')
    parts.append(
        f'<text transform="translate(12 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">{html.escape(up)}</text>'
    )
    return "".join(parts)


def _line(line: Curve, number: int, xs: _Axis, ys: _Axis) -> str:
    places = [(xs.place(x), ys.place(y)) for x, y in line]
    drawn = ""
    if len(places) > 1:
        drawn = f'<polyline class="c{number}" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
    if len(places) <= _MARKED:
        drawn += "".join(
            f'<circle class="c{number}" cx="{x}" cy="{y}" r="3"><title>{at:,.4g}: {value:,.4f}</title></circle>'
            for (x, y), (at, value) in zip(places, line, strict=True)
        )
    return drawn
