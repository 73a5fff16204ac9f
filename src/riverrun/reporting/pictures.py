"""Pictures as PNG, by matplotlib without a display."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Curve = Sequence[tuple[float, float]]
"""Points (x, y) in order."""


def curves(
    lines: Mapping[str, Curve], across: str, up: str, published: Curve = (), markers: bool = False
) -> bytes:
    """Lines over one axis, and published points as crosses.

    Args:
        lines: by name.
        across, up: what the axes show, with units.
        published: points of the source.
        markers: mark every point.
    """
    figure, axes = _figure(7.0, 4.2)
    for name, line in lines.items():
        if line:
            axes.plot(*zip(*line, strict=True), label=name, marker="o" if markers else None, markersize=3)
    if published:
        axes.plot(*zip(*published, strict=True), "kx", label="published", markersize=9)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    if any(lines.values()) or published:
        axes.legend()
    return _png(figure)


class Bar(NamedTuple):
    """A mean, its standard deviation, and the published value where there is one."""

    mean: float
    spread: float = 0.0
    published: float | None = None


def bars(names: Sequence[str], groups: Mapping[str, Sequence[Bar | None]], up: str = "") -> bytes:
    """Bars side by side for each name, with their spread; a red line where the published value is.

    Args:
        names: under the bars.
        groups: by what they show, one bar (or none) a name.
        up: what the axis shows.
    """
    figure, axes = _figure(max(7.0, 0.9 * len(names)), 4.2)
    width = 0.8 / max(1, len(groups))
    published: list[tuple[float, float]] = []  # place and height
    for number, (label, group) in enumerate(groups.items()):
        shift = (number - (len(groups) - 1) / 2) * width
        shown = [(place + shift, bar) for place, bar in enumerate(group) if bar is not None]
        drawn = axes.bar([place for place, _ in shown], [bar.mean for _, bar in shown], width, label=label)
        axes.bar_label(drawn, fmt="%.3g", padding=4, fontsize=8)
        for place, bar in shown:
            if bar.spread:
                axes.errorbar(place, bar.mean, bar.spread, color="black", capsize=3)
            if bar.published is not None:
                published.append((place, bar.published))
    if published:
        places, heights = zip(*published, strict=True)
        ends = [place - width / 2 for place in places], [place + width / 2 for place in places]
        axes.hlines(heights, *ends, color="#a31515", linewidth=2, label="published")
    axes.set_xticks(range(len(names)), list(names), rotation=25, ha="right")
    axes.margins(y=0.12)
    axes.set_ylabel(up)
    if len(groups) > 1 or published:
        axes.legend()
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    return figure, figure.subplots()


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
