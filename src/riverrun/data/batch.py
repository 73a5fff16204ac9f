"""One batch of a language model, and the cursor that says which: what every reader of a text gives."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.config.ranges import Natural

MASKED = -100  # a target that does not count: what torch's cross-entropy ignores


@dataclass(frozen=True)
class Cursor:
    """Where a reader stands; saved in checkpoints.

    Attributes:
        epoch: passes completed.
        chunk: batches read in this pass.
    """

    epoch: Natural = 0
    chunk: Natural = 0

    def batches_read(self, batches_per_epoch: int) -> int:
        """In all passes together."""
        return self.epoch * batches_per_epoch + self.chunk

    def after(self, batches_per_epoch: int) -> "Cursor":
        """The cursor of the batch that follows."""
        if self.chunk + 1 == batches_per_epoch:
            return Cursor(self.epoch + 1, 0)
        return Cursor(self.epoch, self.chunk + 1)


class Batch(NamedTuple):
    """B sequences side by side.

    Attributes:
        inputs: ids [N + T, B]; the first N only fill the memory of latest symbols.
        targets: ids [P, B], what follows each of the last P inputs; ``MASKED`` where nothing is predicted.
        fresh: [B], the sequences that are read from the initial state; the others go on from the state carried.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    fresh: NDArray[np.bool_]
