"""A vocabulary as a tree of forks: which symbol comes is told by a few decisions between two.

Symbols stand in the order of their texts, and every fork parts its stretch where both sides are about as frequent
(Shannon 1948, Fano 1949). So a symbol is told in little more than its entropy, and the capitals, the digits or the
characters of one radical share their first forks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]

SLOTS = 7
"""Forks whose counts lie side by side in a page: one fork, its two, and their four."""


class Forks(NamedTuple):
    """F = V - 1 forks, each before those below it.

    Attributes:
        below: [2 F], of each fork what is at its two ends: a fork, or ``-1 - symbol``.
        above: [F], twice the fork above, plus the end of it at which this one is; -1 at the root.
        page: [F], the fork with which the page of each begins.
        slot: [F], its place in that page.
        path: for every symbol the forks from the root to it, each twice its number plus the end taken.
        starts: [V + 1], where in ``path`` the path of each symbol begins.
    """

    below: Numbers
    above: Numbers
    page: Numbers
    slot: Numbers
    path: Numbers
    starts: Numbers


def build(counts: NDArray[np.integer], texts: Sequence[str]) -> Numbers:
    """What is below each fork, see :class:`Forks`, for symbols of such frequencies [V] and texts [V]; V >= 2."""
    order = sorted(range(len(texts)), key=lambda symbol: (texts[symbol], symbol))
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(counts, np.float64)[order] + 0.5)])
    below = np.empty((len(order) - 1, 2), np.int32)
    waiting, made = [(0, len(order), -1, 0)], 0  # stretches, each with the fork above and the end of it
    while waiting:
        low, high, fork, end = waiting.pop()
        if high - low == 1:
            below[fork, end] = -1 - order[low]
            continue
        if fork >= 0:
            below[fork, end] = made
        cut = _middle(sums, low, high)
        waiting += [(cut, high, made, 1), (low, cut, made, 0)]
        made += 1
    return below.reshape(-1)


def _middle(sums: NDArray[np.float64], low: int, high: int) -> int:
    """Where to part a stretch of two symbols or more, so that both sides are about as frequent."""
    half = (sums[low] + sums[high]) / 2
    cut = int(np.searchsorted(sums[low + 1 : high], half)) + low + 1
    if cut > low + 1 and (cut >= high or half - sums[cut - 1] < sums[cut] - half):
        cut -= 1
    return cut


def laid_out(below: Numbers) -> Forks:
    """All that follows from what is below each fork.

    Raises:
        ValueError: it is no tree of such forks, every symbol once.
    """
    count = len(below) // 2
    symbols = -1 - below[below < 0].astype(np.int64)
    if len(below) != 2 * count or count < 1 or not np.array_equal(np.sort(symbols), np.arange(count + 1)):
        raise ValueError("its forks are not those of a vocabulary")
    above, page, slot = (np.full(count, -1, np.int32) for _ in range(3))
    page[0] = slot[0] = 0
    ends = [0] * (count + 1)  # of each symbol, twice the fork above it plus the end
    for place, found in enumerate(below.tolist()):
        fork, end = divmod(place, 2)
        if found < 0:
            ends[-1 - found] = place
        elif not fork < found < count or above[found] >= 0:
            raise ValueError("its forks are in no order")
        else:
            above[found] = place
            inside = 2 * slot[fork] + 1 + end
            page[found], slot[found] = (page[fork], inside) if inside < SLOTS else (found, 0)
    steps: list[int] = []
    starts = [0]
    for place in ends:
        way = []
        while place >= 0:
            way.append(place)
            place = int(above[place >> 1])
        steps += reversed(way)
        starts.append(len(steps))
    path = np.array(steps, np.int32)
    return Forks(below, above, page, slot, path, np.array(starts, np.int32))
