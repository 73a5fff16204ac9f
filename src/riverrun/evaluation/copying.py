"""How much of a generated text is copied from the training text: longest span, share of new n-grams.

Stretches are compared by a polynomial hash modulo 2**64 over randomised symbols (Karp & Rabin 1987), vectorised
and in pieces of the training text, so that memory does not grow with it.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NGRAMS = (2, 4, 8, 16, 32)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers have inverses
_PIECE = 1 << 21

Ids = NDArray[np.integer]
Source = Callable[[], Iterator[Ids]]
"""Gives the training text anew at each call, as ids [T] piece by piece."""


@dataclass(frozen=True)
class Copying:
    """What of a sample stands in the training text.

    Attributes:
        longest: symbols in the longest stretch that does, blanks not counted.
        place: where in the sample it begins.
        end: where it ends; blanks within it are between the two.
        new: by n, the share of the sample's n-grams that does not.
    """

    longest: int
    place: int
    end: int
    new: dict[int, float]


def copying(sample: Ids, training: Source, blanks: Collection[int] = ()) -> Copying:
    """Compare a sample [T] with the training text.

    Args:
        sample: ids.
        training: the text.
        blanks: ids of blanks: a stretch of nothing but these is no copy, and how many stand between two words does
            not matter.
    """
    ignored = np.array(sorted(blanks), np.int64)
    visible = np.flatnonzero(~np.isin(sample, ignored))
    seen = sample[visible]

    def words() -> Iterator[Ids]:
        return (piece[~np.isin(piece, ignored)] for piece in training())

    low, high = 0, len(seen)  # a stretch of length ``low`` is copied, of ``high + 1`` none
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if copied(seen, words, middle).any() else (low, middle - 1)
    place = int(copied(seen, words, low).argmax()) if low else 0
    begin, end = (int(visible[place]), int(visible[place + low - 1]) + 1) if low else (0, 0)
    new = {n: 1 - float(copied(sample, training, n).mean()) for n in NGRAMS if n <= len(sample)}
    return Copying(low, begin, end, new)


def copied(sample: Ids, training: Source, length: int) -> NDArray[np.bool_]:
    """For every stretch of that length in a sample, [T - length + 1], whether the training text has it."""
    wanted = stretches(sample, length)
    found = np.zeros(len(wanted), np.bool_)
    held = np.empty(0, np.int64)
    for piece in training():
        held = np.concatenate([held, piece])
        for start in range(0, len(held), _PIECE):
            found |= np.isin(wanted, stretches(held[start : start + _PIECE + length - 1], length))
        held = held[max(0, len(held) - length + 1) :]
    return found


def stretches(ids: Ids, length: int) -> NDArray[np.uint64]:
    """Hashes [T - length + 1] of all stretches of ids [T]."""
    if len(ids) < length:
        return np.empty(0, np.uint64)
    with np.errstate(over="ignore"):
        powers = np.cumprod(np.full(len(ids), _BASE))
        sums = np.concatenate([[np.uint64(0)], np.cumsum(_scrambled(ids) * powers)])
        inverse = np.cumprod(np.full(len(ids), np.uint64(pow(int(_BASE), -1, 1 << 64))))
        return (sums[length:] - sums[:-length]) * inverse[: len(ids) - length + 1]


def _scrambled(ids: Ids) -> NDArray[np.uint64]:
    """Ids as numbers that look random (SplitMix64's mixing, Steele et al. 2014)."""
    mixed = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
