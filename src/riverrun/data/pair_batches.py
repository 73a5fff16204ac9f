"""Batches of pairs of like length."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.data.lanes import Cursor
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
        after: the cursor that follows.
    """

    source: NDArray[np.int64]
    lengths: NDArray[np.int64]
    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    after: Cursor


PADDING = -100  # a target that no loss counts


@dataclass(frozen=True, eq=False)
class PairBatches:
    """Batches of B pairs with sources and targets of like length, in another random order every epoch.

    The batch at a cursor is a pure function of the seed and the cursor.
    """

    sources: Rows
    targets: Rows
    batch: int
    seed: int

    @property
    def batches_per_epoch(self) -> int:
        return -(-len(self.sources) // self.batch)

    def read(self, cursor: Cursor) -> PairBatch:
        """The batch at a cursor."""
        last = cursor.chunk + 1 == self.batches_per_epoch
        after = Cursor(cursor.epoch + 1, 0) if last else Cursor(cursor.epoch, cursor.chunk + 1)
        return self.collect(_order(self, cursor.epoch)[cursor.chunk], after)

    def collect(self, indices: NDArray[np.int64], after: Cursor = Cursor()) -> PairBatch:  # noqa: B008
        """A batch of the pairs at indices [B]."""
        source, lengths = pad_sources([self.sources[index] for index in indices])
        rows = [self.targets[index] for index in indices]
        targets = np.full((max(map(len, rows)), len(rows)), PADDING, np.int64)
        inputs = np.full(targets.shape, START, np.int64)
        for column, row in enumerate(rows):
            targets[: len(row), column] = row
            inputs[1 : len(row), column] = row[:-1]
        return PairBatch(source, lengths, inputs, targets, after)

    def in_order(self) -> list[NDArray[np.int64]]:
        """Indices of batches that cover every pair once, sorted by length."""
        order = np.lexsort((self.targets.lengths, self.sources.lengths))
        return [order[start : start + self.batch] for start in range(0, len(order), self.batch)]


def pad_sources(rows: list[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids [S, B] with the boundary symbol after each source and as padding, and lengths [B] with it."""
    lengths = np.array([len(row) + 1 for row in rows], np.int64)
    source = np.full((lengths.max(), len(rows)), START, np.int64)
    for column, row in enumerate(rows):
        source[: len(row), column] = row
    return source, lengths


@lru_cache(maxsize=2)
def _order(batches: PairBatches, epoch: int) -> list[NDArray[np.int64]]:
    """Indices of the batches of an epoch: shuffled, sorted by length within pools, the batches shuffled again."""
    draw = np.random.default_rng((batches.seed, epoch))
    shuffled = draw.permutation(len(batches.sources))
    cut: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), POOL * batches.batch):
        pool = shuffled[start : start + POOL * batches.batch]
        pool = pool[np.lexsort((batches.targets.lengths[pool], batches.sources.lengths[pool]))]
        cut += [pool[at : at + batches.batch] for at in range(0, len(pool), batches.batch)]
    return [cut[index] for index in draw.permutation(len(cut))]
