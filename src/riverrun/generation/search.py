"""What a search over outputs is told, and what it finds."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from riverrun.errors import InputError

MOST = 1000  # hypotheses kept side by side, at most


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

    def score(self, log_probability: Any, length: int) -> Any:
        """What hypotheses are ranked by, of one log-probability or an array of them; ``length`` counts the end."""
        return log_probability / ((5 + length) / 6) ** self.length_penalty


class Hypothesis(NamedTuple):
    """One output.

    Attributes:
        ids: without the end symbol.
        log_probability: in nats, the end symbol included if it was reached.
        score: the same, normalised for length; hypotheses are ranked by it.
        finished: the end symbol was reached; if not, the bound on its length was met first.
    """

    ids: tuple[int, ...]
    log_probability: float
    score: float
    finished: bool
