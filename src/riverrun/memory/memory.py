"""A memory: what it holds, what it says of the next symbol."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riverrun.memory.shapes import Tables, empty_scene


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
        from riverrun.memory.opinions import follow  # needs numba, which writing does without

        starts, targets = self.tables.forks.starts, np.asarray(ids[start:], np.int64)
        size = int(np.diff(starts).max())
        odds, known = np.zeros((len(targets), size), np.float32), np.zeros((len(targets), size), np.uint8)
        scene = empty_scene(len(self.tables.forks.page))
        follow(self.tables, scene, np.asarray(ids, np.int64), start, odds, known)
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


@dataclass(frozen=True)
class Gate:
    """Weights, float32 [PLACES * PARTS]."""

    weights: NDArray[np.float32]
