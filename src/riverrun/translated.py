"""What a translator gives: outputs with their scores, and where each was read."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Candidate:
    """One output for a source.

    Attributes:
        text: the output.
        log_probability: in nats, of the end too; of a transducer that of its most likely path to this output.
        score: the same, normalised for length: what outputs are ranked by.
        finished: the model ended it; if not, it ran into the bound on its length, and is what there was.
    """

    text: str
    log_probability: float
    score: float
    finished: bool


@dataclass(frozen=True)
class Translation:
    """A source and what it was translated to, best first."""

    source: str
    outputs: tuple[Candidate, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class AttentionMap:
    """Where in the source each symbol of an output was read.

    Attributes:
        source, output: symbols as text; the end of the source is the empty text, as is an output of nothing.
        weights: [T, S], rows sum to one; None for a model without attention.
    """

    source: tuple[str, ...]
    output: tuple[str, ...]
    weights: NDArray[np.float32] | None
