"""Which source symbol each target symbol belongs to: a stochastic edit distance, fitted by expectation
maximisation (Ristad & Yianilos 1998), and the actions that a transducer learns from.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.data.actions import Actions
from riverrun.data.rows import Ids
from riverrun.text.vocabulary import START

Array = NDArray[np.float64]

LARGEST = 1 << 24  # cells of the substitution table; larger vocabularies are not aligned
SMOOTHING = 1e-6


@dataclass(frozen=True, eq=False)
class Aligner:
    """Probabilities of the edits that turn a source into a target; they sum to one over all edits.

    Attributes:
        substitution: [Vs, Vt], a source symbol becomes a target symbol.
        insertion: [Vt], a target symbol comes from nothing.
        deletion: [Vs], a source symbol leaves nothing.
    """

    substitution: Array
    insertion: Array
    deletion: Array

    def actions(self, source: Ids, target: Ids) -> Ids:
        """Actions of the most likely alignment, the boundary symbol last."""
        actions = Actions(len(self.insertion))
        written, taken = _functions().align(source, target, *self._logarithms)
        with_symbol = np.where(taken, actions.write_and_move(written), written)
        return np.append(np.where(written < 0, actions.move, with_symbol), START).astype(np.int32)

    @cached_property
    def _logarithms(self) -> tuple[Array, ...]:
        tables = (self.substitution, self.insertion, self.deletion)
        return tuple(np.log(np.maximum(table, 1e-30)) for table in tables)


class Fit(NamedTuple):
    """An aligner and how well it explains the pairs.

    Attributes:
        aligner: the fitted probabilities.
        information: share of the target's unigram entropy that the source explains, at most 1.
    """

    aligner: Aligner
    information: float


def fit_aligner(
    pairs: Callable[[], Iterable[tuple[Ids, Ids]]], source: int, target: int, rounds: int = 10
) -> Fit:
    """Fit an aligner to pairs of ids, over vocabularies of ``source`` and ``target`` symbols."""
    tables = [
        np.full((source, target), 1 / (source * target)),
        np.full(target, 0.1 / target),
        np.full(source, 0.1 / source),
    ]
    likelihood = 0.0
    for _ in range(rounds):
        counts = [np.full_like(table, SMOOTHING) for table in tables]
        likelihood = sum(_functions().expect(left, right, *tables, *counts) for left, right in pairs())
        whole = sum(count.sum() for count in counts)
        tables = [count / whole for count in counts]
    return Fit(Aligner(*tables), _information(pairs, source, target, likelihood))


def _information(
    pairs: Callable[[], Iterable[tuple[Ids, Ids]]], source: int, target: int, likelihood: float
) -> float:
    """(H(source) + H(target) - H(source, target)) / H(target), with unigram entropies for single sides."""
    counts = np.zeros(source), np.zeros(target)
    for sides in pairs():
        for count, ids in zip(counts, sides, strict=True):
            count += np.bincount(ids, minlength=len(count))
    alone = [float(-(c[c > 0] * np.log(c[c > 0] / c.sum())).sum()) for c in counts]
    return (alone[0] + alone[1] + likelihood) / max(alone[1], 1e-9)


class _Compiled(NamedTuple):
    expect: Callable[..., float]
    align: Callable[..., Any]


@cache
def _functions() -> _Compiled:
    """Compiled when first needed, and kept on disk: loading numba takes a moment."""
    from riverrun.data.edit_distance import align, expect

    return _Compiled(expect, align)
