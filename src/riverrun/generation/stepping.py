"""What a search needs of a translator, and how sources are taken together."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.data.rows import Ids

ROWS = 256  # hypotheses stepped together, over all sources of a batch
SYMBOLS = 1 << 15  # of the sources that these see: what an encoder says of each is kept for every one


class Stepper(Protocol):
    """A translator, one step at a time; plain greedy search needs no more than this."""

    end: int
    forbidden: NDArray[np.bool_]  # [V], outputs that are never chosen

    def start(self, sources: Sequence[Ids]) -> Any:
        """The state before the first output, for N sources."""
        ...

    def step(self, outputs: NDArray[np.integer], state: Any) -> tuple[NDArray[np.float32], Any]:
        """Log-probabilities [N, V] of what follows outputs [N], and the state after them."""
        ...

    def select(self, state: Any, rows: NDArray[np.int64]) -> Any:
        """The state of hypotheses ``rows`` [N']; a row may be taken several times or not at all."""
        ...

    def side_by_side(self, make: Callable[[list[int]], Any], batches: list[list[int]]) -> Iterator[Any]:
        """What ``make`` makes of each batch, in order; several at a time where that is faster."""
        ...


def in_batches(sources: Sequence[Ids], width: int) -> list[list[int]]:
    """Indices of sources in batches of like length, with at most ``ROWS`` hypotheses of ``width`` each and at most
    ``SYMBOLS`` source symbols beside them, padding included; a source alone may be longer.

    The longest come first, so that threads that share the batches end together.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(sources)), key=lambda index: -len(sources[index])):
        rows = (len(batches[-1]) + 1) * width if batches else ROWS + 1
        if rows > ROWS or rows * (len(sources[batches[-1][0]]) + 1) > SYMBOLS:
            batches.append([])
        batches[-1].append(index)
    return batches
