"""A memory: what it holds, what it says of the next symbol."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riverrun.memory.kernels import outer
from riverrun.memory.opinions import Scene, Tables, empty_scene, enter, think


@dataclass(frozen=True)
class Memory:
    """What was read, by context.

    Attributes:
        tables: all of it.
        lost: pages that were let go because there was no room.
    """

    tables: Tables
    lost: int = 0

    @property
    def symbols(self) -> int:
        """How many it has read."""
        return len(self.tables.text) - 1

    def opinions(self, ids: NDArray[np.integer], start: int) -> "Opinions":
        """What it thinks of the forks on the way to each of ``ids[start:]``, from those before it."""
        starts, targets = self.tables.forks.starts, np.asarray(ids[start:], np.int64)
        size = int(np.diff(starts).max())
        odds, known = np.zeros((len(targets), size), np.float32), np.zeros((len(targets), size), np.uint8)
        scene = empty_scene(len(self.tables.forks.page))
        _follow(self.tables, scene, np.asarray(ids, np.int64), start, odds, known)
        return Opinions(targets, odds, known)


@dataclass(frozen=True)
class Opinions:
    """Of T symbols and the forks on the way to each, D at most.

    Attributes:
        targets: [T], the symbols.
        odds: [T, D], logarithms of the odds at each fork.
        known: [T, D], how many orders knew it.
    """

    targets: NDArray[np.int64]
    odds: NDArray[np.float32]
    known: NDArray[np.uint8]


@outer
def _follow(tables: Tables, scene: Scene, ids, start, odds, known):
    forks = tables.forks
    for end in range(start, ids.size):
        enter(tables, scene, ids, 0, end)
        first = forks.starts[ids[end]]
        for step in range(first, forks.starts[ids[end] + 1]):
            value, orders = think(tables, scene, forks.path[step] >> 1)
            odds[end - start, step - first] = value
            known[end - start, step - first] = orders
