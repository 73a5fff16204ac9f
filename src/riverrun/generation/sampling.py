"""Sampling: pure functions from logits to logits, composed from one settings object, then one draw.

Removed symbols have logit -inf. Every function takes and returns float64 logits [V].
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import InputError
from riverrun.text.vocabulary import SPECIAL

Logits = NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is chosen; the steps apply in this order.

    Attributes:
        repetition_penalty: logits of recent symbols are divided by this if positive, else multiplied
            (Keskar et al. 2019); below 1 encourages repetition.
        repetition_window: how many of the latest symbols count as recent.
        temperature: logits are divided by this; 0 takes the most likely symbol (greedy).
        top_k: only the k most likely symbols; 0 is off.
        top_p: only the fewest symbols that together have this probability (nucleus; Holtzman et al. 2020).
        min_p: only symbols at least this share as likely as the most likely (Nguyen et al. 2024).
        typical_p: only symbols whose surprisal is nearest to the entropy, up to this probability
            (Meister et al. 2023).
        uniform: ignore the model and draw every symbol with equal chance.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    repetition_penalty: float = 1.0
    repetition_window: int = 64
    uniform: bool = False

    def __post_init__(self) -> None:
        """Raises InputError naming every value out of range."""
        allowed = {
            "temperature": (0 <= self.temperature < math.inf, "0 (greedy) or a larger finite number"),
            "top_k": (self.top_k >= 0, "0 (off) or more"),
            "top_p": (0 <= self.top_p <= 1, "between 0 and 1"),
            "min_p": (0 <= self.min_p <= 1, "between 0 and 1"),
            "typical_p": (0 <= self.typical_p <= 1, "between 0 and 1"),
            "repetition_penalty": (0 < self.repetition_penalty < math.inf, "above 0"),
            "repetition_window": (self.repetition_window >= 0, "0 or more"),
        }
        faults = [
            f"{field.name.replace('_', '-')} = {getattr(self, field.name)}: must be {allowed[field.name][1]}"
            for field in fields(self)
            if field.name in allowed and not allowed[field.name][0]
        ]
        if faults:
            raise InputError("; ".join(faults))


def choose(logits: NDArray, recent: Sequence[int], sampling: Sampling, draw: float) -> int:
    """The next symbol.

    Args:
        logits: [V] of any float type; not-a-number counts as -inf.
        recent: the latest symbols, oldest first.
        draw: a uniform number in [0, 1).
    """
    kept = transform(logits, recent, sampling)
    if sampling.temperature == 0 and not sampling.uniform:
        return int(np.argmax(kept))
    cumulative = np.cumsum(probabilities(kept))
    chosen = int(np.searchsorted(cumulative, draw * cumulative[-1], side="right"))
    return min(chosen, int(np.flatnonzero(kept > -np.inf)[-1]))


def transform(logits: NDArray, recent: Sequence[int], sampling: Sampling) -> Logits:
    """All steps but the draw; at least one symbol remains."""
    kept = mend(ban_special(np.asarray(logits, np.float64)))
    if sampling.uniform:
        return np.where(np.arange(len(kept)) >= SPECIAL, 0.0, -np.inf)
    if sampling.repetition_penalty != 1 and sampling.repetition_window:
        kept = penalise(kept, recent[-sampling.repetition_window :], sampling.repetition_penalty)
    if sampling.temperature == 0:
        return kept
    kept = (kept - kept.max()) / sampling.temperature
    if 0 < sampling.top_k < len(kept):
        kept = keep_top_k(kept, sampling.top_k)
    if sampling.top_p < 1:
        kept = keep_top_p(kept, sampling.top_p)
    if sampling.min_p > 0:
        kept = keep_min_p(kept, sampling.min_p)
    if sampling.typical_p < 1:
        kept = keep_typical(kept, sampling.typical_p)
    return kept


def ban_special(logits: Logits) -> Logits:
    """The unknown and the start symbol are never written."""
    banned = logits.copy()
    banned[:SPECIAL] = -np.inf
    return banned


def mend(logits: Logits) -> Logits:
    """Make logits usable: nan is -inf; +inf wins over all finite ones; if nothing is left, all are equal."""
    logits = np.where(np.isnan(logits), -np.inf, logits)
    if (logits == np.inf).any():
        return np.where(logits == np.inf, 0.0, -np.inf)
    if (logits == -np.inf).all():
        return np.where(np.arange(len(logits)) >= SPECIAL, 0.0, -np.inf)
    return logits


def penalise(logits: Logits, recent: Sequence[int], penalty: float) -> Logits:
    """Repetition penalty on the symbols in ``recent``."""
    changed = logits.copy()
    seen = np.unique(np.asarray(recent, np.int64)) if len(recent) else np.empty(0, np.int64)
    values = changed[seen]
    changed[seen] = np.where(values > 0, values / penalty, values * penalty)
    return changed


def probabilities(logits: Logits) -> Logits:
    """Softmax [V]."""
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def keep_top_k(logits: Logits, k: int) -> Logits:
    """The k largest; of equal ones the lower ids."""
    return _keep(logits, np.argsort(-logits, kind="stable")[:k])


def keep_top_p(logits: Logits, p: float) -> Logits:
    """The fewest most likely symbols whose probabilities sum to at least p; always at least one."""
    order = np.argsort(-logits, kind="stable")
    return _keep(logits, order[: _enough(probabilities(logits)[order], p)])


def keep_min_p(logits: Logits, share: float) -> Logits:
    """Symbols at least ``share`` times as likely as the most likely one."""
    return np.where(logits - logits.max() >= math.log(share), logits, -np.inf)


def keep_typical(logits: Logits, p: float) -> Logits:
    """Symbols whose surprisal is nearest to the entropy, until their probabilities sum to at least p."""
    chances = probabilities(logits)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprisal = -np.log(chances)
        entropy = np.nansum(chances * surprisal)
    distance = np.where(chances > 0, np.abs(surprisal - entropy), np.inf)
    order = np.argsort(distance, kind="stable")
    return _keep(logits, order[: _enough(chances[order], p)])


def _enough(chances: Logits, p: float) -> int:
    """How many leading chances sum to at least p."""
    return min(int(np.searchsorted(np.cumsum(chances), p, side="left")) + 1, len(chances))


def _keep(logits: Logits, indices: NDArray[np.int64]) -> Logits:
    kept = np.full_like(logits, -np.inf)
    kept[indices] = logits[indices]
    return kept
