"""Where a sequence stands: values that decoders take and return, never keep."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.sampling import LATEST, Sampling

Symbols = NDArray[np.int64]


@dataclass(frozen=True)
class State:
    """What is known of the symbols that were read.

    Attributes:
        parts: the core's, float32; their shapes are the decoder's own.
        latest: [0 to LATEST], the latest of these symbols, oldest first.
    """

    parts: tuple[NDArray[np.float32], ...]
    latest: Symbols = field(default_factory=lambda: np.empty(0, np.int64))

    def after(self, parts: tuple[NDArray[np.float32], ...], read: NDArray[np.integer]) -> "State":
        """The state when symbols [T] more were read and the core has come to these parts."""
        if len(read) < LATEST:
            read = np.concatenate([self.latest[len(read) - LATEST :], read])
        return State(parts, read[-LATEST:].astype(np.int64))


@dataclass(frozen=True)
class Position:
    """All that is needed to go on writing a sequence.

    Attributes:
        state: after every symbol but the last.
        last: the latest symbol, not yet read.
        written: symbols drawn so far: the counter of the random draws.
    """

    state: State
    last: int
    written: int = 0

    @property
    def recent(self) -> Symbols:
        """The latest symbols, oldest first: what a repetition penalty looks at."""
        return np.append(self.state.latest, self.last)


Positions = Sequence[Position]
Samplings = Sequence[Sampling]
Seeds = Sequence[tuple[int, int]]
"""Of K sequences where each stands, how it chooses, and its seed with its number."""

Written = tuple[Symbols, list[Position]]
"""Symbols [K, T], and where the sequences stand after them."""


class Scores(NamedTuple):
    """How well a text was predicted.

    Attributes:
        surprisal: [T], in nats.
        correct: [T], whether the symbol was the most likely one.
    """

    surprisal: NDArray[np.float64]
    correct: NDArray[np.bool_]
