"""Parallel lanes over a long text, for truncated back-propagation through time."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.data.ids import IdFile
from riverrun.errors import CorpusError
from riverrun.text import START


@dataclass(frozen=True)
class Cursor:
    """Where a reader of lanes stands; saved in checkpoints.

    Attributes:
        epoch: passes completed.
        chunk: chunks read in this pass.
    """

    epoch: int = 0
    chunk: int = 0


class Batch(NamedTuple):
    """One chunk of all lanes.

    Attributes:
        inputs: ids [T, B]; the first row of a pass is the start symbol.
        targets: ids [T, B], the inputs moved by one.
        opens_pass: the carried state must be forgotten before this chunk.
        after: the cursor that follows.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    opens_pass: bool
    after: Cursor


@dataclass(frozen=True)
class Lanes:
    """Cuts N ids into B lanes of equal length and reads T ids of each at a time, in order.

    Every pass after the first starts at another place of the text (which is read as a ring), so that chunks
    do not always begin at the same symbols.
    """

    ids: IdFile
    batch: int
    chunk: int
    seed: int

    def __post_init__(self) -> None:
        if self.ids.length < self.batch * self.chunk:
            raise CorpusError(
                f"the training text has {self.ids.length} symbols, fewer than {self.batch} lanes x chunks of "
                f"{self.chunk}: give more text, or lower --training.batch or --training.chunk"
            )

    @property
    def chunks_per_epoch(self) -> int:
        return self.ids.length // (self.batch * self.chunk)

    def read(self, cursor: Cursor) -> Batch:
        """The chunk at a cursor."""
        lane = self.ids.length // self.batch
        first = cursor.chunk * self.chunk
        shift = self._shift(cursor.epoch)
        # One symbol before the targets: the input of the first.
        rows = [self._ring(shift + b * lane + first - 1, self.chunk + 1) for b in range(self.batch)]
        window = np.stack(rows, axis=1)
        opens = cursor.chunk == 0
        if opens:
            window[0] = START
        last = cursor.chunk + 1 == self.chunks_per_epoch
        after = Cursor(cursor.epoch + 1, 0) if last else Cursor(cursor.epoch, cursor.chunk + 1)
        return Batch(window[:-1], window[1:], opens, after)

    def _shift(self, epoch: int) -> int:
        if epoch == 0:
            return 0
        return int(np.random.default_rng((self.seed, epoch)).integers(self.ids.length))

    def _ring(self, start: int, count: int) -> NDArray[np.int64]:
        start %= self.ids.length
        stop = start + count
        if stop <= self.ids.length:
            return self.ids.read(start, stop)
        return np.concatenate([self.ids.read(start, self.ids.length), self._ring(0, stop - self.ids.length)])
