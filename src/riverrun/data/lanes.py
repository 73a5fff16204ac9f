"""Parallel lanes over a long text, for truncated back-propagation through time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from riverrun.data.batch import Batch, Cursor
from riverrun.data.ids import IdFile
from riverrun.errors import CorpusError
from riverrun.text import START

WARM_UP = 128  # symbols a held-out lane reads before it counts, so that its state is not cold
_HELD_OUT_LANES = 32
_READ_AT_ONCE = 256  # symbols of a held-out lane


@dataclass(frozen=True)
class Lanes:
    """Cuts N ids into B lanes of equal length and reads T ids of each at a time, in order.

    The text is read as a ring that the start symbol opens. Every pass after the first starts at another place of
    it, so that chunks do not always begin at the same symbols. The first input of a lane is the symbol before its
    targets: the start symbol stands where a text begins, and nowhere else.
    """

    ids: IdFile
    batch: int
    chunk: int
    seed: int
    context: ClassVar = 0
    masked: ClassVar = False
    carries: ClassVar = True

    def __post_init__(self) -> None:
        if self.ids.length < self.batch * self.chunk:
            raise CorpusError(
                f"the training text has {self.ids.length} symbols, fewer than {self.batch} lanes x chunks of "
                f"{self.chunk}: give more text, or lower --training.batch or --training.chunk"
            )

    @property
    def batches_per_epoch(self) -> int:
        return self.ids.length // self.symbols_per_batch

    @property
    def symbols_per_batch(self) -> int:
        return self.batch * self.chunk

    targets_per_batch = symbols_per_batch

    def read(self, cursor: Cursor) -> Batch:
        """The chunk at a cursor; the state is carried through a pass."""
        lane = self.ids.length // self.batch
        first = self._shift(cursor.epoch) + cursor.chunk * self.chunk
        rows = [self._ring(first + b * lane, self.chunk + 1) for b in range(self.batch)]
        window = np.stack(rows, axis=1)
        return Batch(window[:-1], window[1:], np.full(self.batch, cursor.chunk == 0))

    def _shift(self, epoch: int) -> int:
        if epoch == 0:
            return 0
        return int(np.random.default_rng((self.seed, epoch)).integers(self.ids.length + 1))

    def _ring(self, start: int, count: int) -> NDArray[np.int64]:
        """Symbols [count] of the ring from a place on; the start symbol has place 0."""
        start %= self.ids.length + 1
        if start == 0:
            return np.concatenate([[START], self.ids.read(0, count - 1)])
        last = min(start - 1 + count, self.ids.length)
        symbols = self.ids.read(start - 1, last)
        missing = count - len(symbols)
        return np.concatenate([symbols, self._ring(0, missing)]) if missing else symbols


@dataclass(frozen=True)
class HeldOutLanes:
    """Held-out ids in up to 32 parallel lanes; all but the first read ``WARM_UP`` symbols beforehand."""

    ids: IdFile

    def spread(self, limit: int) -> Iterator[Batch]:
        """Batches with at most ``limit`` targets in all."""
        lanes, lane = self._shape(limit)
        starts = [index * lane for index in range(lanes)]
        first = np.arange(lanes) == 0  # this lane has no past
        if lanes > 1:
            warm = np.full((WARM_UP, lanes), START, np.int64)
            warm[:, 1:] = np.stack([self._read(s - 1 - WARM_UP, WARM_UP) for s in starts[1:]], axis=1)
            yield Batch(warm, warm[:0], np.full(lanes, True))
        for offset in range(0, lane, _READ_AT_ONCE):
            count = min(_READ_AT_ONCE, lane - offset)
            window = np.stack([self._read(s + offset - 1, count + 1) for s in starts], axis=1)
            yield Batch(window[:-1], window[1:], first & (offset == 0))

    def places(self, limit: int) -> NDArray[np.int64]:
        """Where in the ids the targets of these batches stand [P], in their order."""
        lanes, lane = self._shape(limit)
        return (np.arange(lane)[:, None] + np.arange(lanes) * lane).reshape(-1)

    def _shape(self, limit: int) -> tuple[int, int]:
        """How many lanes there are, and how long each is."""
        length = min(limit, self.ids.length)
        lanes = max(1, min(_HELD_OUT_LANES, length // (4 * WARM_UP)))
        return lanes, length // lanes

    def _read(self, start: int, count: int) -> NDArray[np.int64]:
        """Ids; before the first stands the start symbol."""
        if start < 0:
            return np.concatenate([[START] * -start, self.ids.read(0, start + count)])
        return self.ids.read(start, start + count)
