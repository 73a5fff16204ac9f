"""Pictures as PNG, by matplotlib without a display."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

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


def bars(names: Sequence[str], means: Sequence[float], spreads: Sequence[float], published, up: str) -> bytes:
    """One bar a name with its spread, and the published value as a line across it where there is one."""
    figure, axes = _figure(max(7.0, 0.9 * len(names)), 4.2)
    places = range(len(names))
    axes.bar(places, means, yerr=spreads, color="#7aa6c2", capsize=3)
    for place, value in zip(places, published, strict=True):
        if value is not None:
            axes.plot([place - 0.4, place + 0.4], [value, value], color="#a31515", linewidth=2)
    axes.set_xticks(list(places), list(names), rotation=25, ha="right")
    axes.set_ylabel(up)
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    return figure, figure.subplots()


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
