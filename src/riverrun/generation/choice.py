"""The steps of sampling: pure functions from logits to logits, as :class:`Sampling` says, then one draw.

Removed symbols have logit -inf. Every step takes and returns float64 logits [V].
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.sampling import Sampling

Logits = NDArray[np.float64]
Allowed = NDArray[np.bool_]


def choose(
    logits: NDArray, recent: Sequence[int] | NDArray, sampling: Sampling, draw: float, allowed: Allowed
) -> int:
    """The next symbol.

    Args:
        logits: [V] of any float type; not-a-number counts as -inf.
        recent: the latest symbols, oldest first.
        draw: a uniform number in [0, 1).
        allowed: [V], symbols that may be chosen; at least one.
    """
    kept = transform(logits, recent, sampling, allowed)
    if sampling.temperature == 0 and not sampling.uniform:
        return int(np.argmax(kept))
    cumulative = np.cumsum(probabilities(kept))
    chosen = int(np.searchsorted(cumulative, draw * cumulative[-1], side="right"))
    return min(chosen, int(np.flatnonzero(kept > -np.inf)[-1]))


def transform(
    logits: NDArray, recent: Sequence[int] | NDArray, sampling: Sampling, allowed: Allowed
) -> Logits:
    """All steps but the draw; at least one symbol remains."""
    if sampling.uniform:
        return np.where(allowed, 0.0, -np.inf)
    kept = mend(np.asarray(logits, np.float64), allowed)
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


def mend(logits: Logits, allowed: Allowed) -> Logits:
    """Logits of allowed symbols, usable: nan is -inf; +inf wins over all finite ones; if nothing is left, all are
    equal."""
    logits = np.where(allowed & ~np.isnan(logits), logits, -np.inf)
    if (logits == np.inf).any():
        return np.where(logits == np.inf, 0.0, -np.inf)
    if (logits == -np.inf).all():
        return np.where(allowed, 0.0, -np.inf)
    return logits


def penalise(logits: Logits, recent: Sequence[int] | NDArray, penalty: float) -> Logits:
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


def log_probabilities(logits: Logits) -> Logits:
    """Its logarithm, in nats."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


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
