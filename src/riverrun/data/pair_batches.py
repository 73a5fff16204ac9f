"""Batches of pairs of like length."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.data.batch import Cursor
from riverrun.data.rows import Ids, Rows
from riverrun.text import START

POOL = 64  # batches whose pairs are sorted by length together


class PairBatch(NamedTuple):
    """B pairs side by side; what is past the end of a sequence is padding.

    Attributes:
        source: ids [S, B], each source closed by the boundary symbol.
        lengths: [B], of the sources with their boundary.
        inputs: ids [T, B] that the decoder reads, opened by the boundary symbol.
        targets: ids [T, B] that it shall write, ``PADDING`` past the end.
    """

    source: NDArray[np.int64]
    lengths: NDArray[np.int64]
    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]


PADDING = -100  # a target that no loss counts


@dataclass(frozen=True, eq=False)
class PairBatches:
    """Batches of B pairs with sources and targets of like length, in another random order every epoch.

    The batch at a cursor is a pure function of the seed, the cursor and ``order``, which tells several readers of
    the same pairs apart.
    """

    sources: Rows
    targets: Rows
    batch: int
    seed: int
    order: int = 0
    _latest: dict[int, list[NDArray[np.int64]]] = field(default_factory=dict, init=False, repr=False)

    @property
    def batches_per_epoch(self) -> int:
        return -(-len(self.sources) // self.batch)

    @property
    def target_symbols(self) -> int:
        """Of all pairs together."""
        return int(self.targets.ends[-1])

    def read(self, cursor: Cursor) -> PairBatch:
        """The batch at a cursor."""
        return self.collect(self._cut(cursor.epoch)[cursor.chunk])

    def collect(self, indices: NDArray[np.int64]) -> PairBatch:
        """A batch of the pairs at indices [B]."""
        source, lengths = pad_sources([self.sources[index] for index in indices])
        rows = [self.targets[index] for index in indices]
        targets = np.full((max(map(len, rows)), len(rows)), PADDING, np.int64)
        inputs = np.full(targets.shape, START, np.int64)
        for column, row in enumerate(rows):
            targets[: len(row), column] = row
            inputs[1 : len(row), column] = row[:-1]
        return PairBatch(source, lengths, inputs, targets)

    def _cut(self, epoch: int) -> list[NDArray[np.int64]]:
        """Indices of the batches of an epoch; those of the latest one asked for are kept."""
        if epoch not in self._latest:
            self._latest.clear()
            self._latest[epoch] = self._shuffled(epoch)
        return self._latest[epoch]

    def _shuffled(self, epoch: int) -> list[NDArray[np.int64]]:
        """All pairs shuffled, sorted by length within pools, cut into batches, the batches shuffled again."""
        draw = np.random.default_rng((self.seed, epoch, self.order))
        shuffled = draw.permutation(len(self.sources))
        cut: list[NDArray[np.int64]] = []
        for start in range(0, len(shuffled), POOL * self.batch):
            pool = shuffled[start : start + POOL * self.batch]
            pool = pool[np.lexsort((self.targets.lengths[pool], self.sources.lengths[pool]))]
            cut += [pool[at : at + self.batch] for at in range(0, len(pool), self.batch)]
        return [cut[index] for index in draw.permutation(len(cut))]


def pad_sources(rows: list[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids [S, B] with the boundary symbol after each source and as padding, and lengths [B] with it."""
    lengths = np.array([len(row) + 1 for row in rows], np.int64)
    source = np.full((lengths.max(), len(rows)), START, np.int64)
    for column, row in enumerate(rows):
        source[: len(row), column] = row
    return source, lengths
