"""How long the targets of training pairs are, and so how long an output may become."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARGIN = 1.5  # times the longest that training suggests


@dataclass(frozen=True)
class TargetLengths:
    """Target symbols by source symbols; kept among a model's facts.

    Attributes:
        per_source: target symbols for each source symbol, over all pairs.
        excess: the most that a target had beyond that.
    """

    per_source: float
    excess: float

    @classmethod
    def of(cls, sources: NDArray[np.integer], targets: NDArray[np.integer]) -> "TargetLengths":
        """From the lengths [N] of both sides of the training pairs."""
        per_source = float(targets.sum() / sources.sum())
        excess = float((targets - per_source * sources).max())
        return cls(round(per_source, 4), math.ceil(excess))

    def bound(self, source: int) -> int:
        """Target symbols written at most for a source of so many, in case the end never comes."""
        return math.ceil(MARGIN * (self.per_source * source + self.excess))

    def outputs(self, source: int, moves: bool) -> int:
        """The same in outputs, of which some of a transducer move along the source and write nothing."""
        return self.bound(source) + (source if moves else 0)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "TargetLengths":
        """The inverse of :meth:`to_dict`; raises TypeError, ValueError, KeyError or OverflowError."""
        lengths = cls(float(document["per_source"]), float(document["excess"]))
        lengths.bound(1)
        return lengths

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


BEFORE = TargetLengths(2.0, 33.0)  # of models of version 0.1.0, which did not keep them: 3 * source + 50
