"""What a search over outputs is told, what it needs of a model, and what it finds. Ids only; no torch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import InputError

MOST = 1000  # hypotheses kept side by side, at most
ROWS = 256  # hypotheses stepped together, over all sources of a batch

Ids = NDArray[np.int32]


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


@dataclass(frozen=True)
class Search:
    """How outputs are searched for.

    Attributes:
        beam: hypotheses K kept side by side; 1 is greedy.
        n_best: hypotheses given for each source, at most.
        length_penalty: alpha in score = log-probability / ((5 + length) / 6) ** alpha (Wu et al. 2016).
    """

    beam: int = 4
    n_best: int = 1
    length_penalty: float = 0.6

    def __post_init__(self) -> None:
        """Raises InputError naming every value out of range."""
        faults = []
        if not 1 <= self.beam <= MOST:
            faults.append(f"beam = {self.beam}: give 1 (greedy) to {MOST}")
        if not 1 <= self.n_best <= max(1, self.beam):
            faults.append(f"n-best = {self.n_best}: give 1 to the beam ({self.beam}), or raise --beam")
        if not 0 <= self.length_penalty <= 10:
            faults.append(f"length-penalty = {self.length_penalty}: must be between 0 and 10")
        if faults:
            raise InputError("; ".join(faults))


class Hypothesis(NamedTuple):
    """One output.

    Attributes:
        ids: without the end symbol.
        log_probability: in nats, the end symbol included if it was reached.
        score: the same, normalised for length; hypotheses are ranked by it.
    """

    ids: tuple[int, ...]
    log_probability: float
    score: float


def length_bound(source: int) -> int:
    """Outputs written at most for a source of that many symbols, in case the end symbol never comes."""
    return 3 * source + 50


def in_batches(sources: Sequence[Ids], width: int) -> list[list[int]]:
    """Indices of sources in batches of like length, with at most ``ROWS`` hypotheses of ``width`` each.

    The longest come first, so that threads that share the batches end together.
    """
    order = sorted(range(len(sources)), key=lambda index: -len(sources[index]))
    size = max(1, ROWS // width)
    return [order[start : start + size] for start in range(0, len(order), size)]
