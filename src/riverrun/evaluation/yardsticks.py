"""What others need for a text that a language model is measured by: counts of characters, and zlib."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 3  # characters before the one that is predicted
_WINDOW = 1 << 15  # bytes that zlib looks back
_MOST = 1 << 62

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Yardsticks:
    """Bits per character of a text, given another one to learn from.

    Attributes:
        single: each character by how often it occurs.
        context: by what has followed the three before it, where they are known; else the two, the one, none.
        zlib: as zlib -9 packs it, when it has just packed the other one.
    """

    single: float
    context: float
    zlib: float


def yardsticks(learned: str, held_out: str) -> Yardsticks:
    """Measure how well simple means predict ``held_out`` after ``learned``; neither may be empty.

    Counts are smoothed as by Witten & Bell (1991): a context with T different followers in n places leaves T / (n + T)
    to the next shorter one.
    """
    everything = np.frombuffer((learned + held_out).encode("utf-32-le", "surrogatepass"), np.uint32)
    characters, codes = np.unique(everything, return_inverse=True)
    codes, cut = codes.astype(np.int64), len(learned)
    probabilities = np.full(len(held_out), 1 / len(characters))
    bits = []
    for order in range(ORDER + 1):
        if len(characters) ** (order + 1) < _MOST and order < cut:
            grams = _grams(codes, order, len(characters))
            # The first characters have too little before them; they begin the text, and none of them is held out.
            _refine(probabilities, grams[: cut - order], grams[cut - order :], len(characters))
        bits.append(float(-np.log2(probabilities).mean()))
    return Yardsticks(bits[0], bits[-1], _packed(learned, held_out))


def _grams(codes: Codes, order: int, size: int) -> Codes:
    """Each character with the ``order`` before it, as one number [N - order]."""
    grams = np.zeros(len(codes) - order, np.int64)
    for place in range(order + 1):
        grams = grams * size + codes[place : len(codes) - order + place]
    return grams


def _refine(probabilities: NDArray[np.float64], learned: Codes, wanted: Codes, size: int) -> None:
    """Mix the counts of one more character of context into probabilities [M], in place."""
    grams, counts = np.unique(learned, return_counts=True)
    contexts, first = np.unique(grams // size, return_index=True)
    places = np.add.reduceat(counts, first)
    followers = np.diff(np.append(first, len(grams)))
    known, context = _find(contexts, wanted // size)
    seen, gram = _find(grams, wanted)
    n, t = places[context], followers[context]
    mixed = (np.where(seen, counts[gram], 0) + t * probabilities) / (n + t)
    probabilities[known] = mixed[known]


def _find(known: Codes, wanted: Codes) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which of the wanted are known, and where; an unknown one has some place."""
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return known[place] == wanted, place


def _packed(learned: str, held_out: str) -> float:
    before, text = (part.encode("utf-8", "surrogatepass") for part in (learned[-_WINDOW:], held_out))
    packer = zlib.compressobj(9, zdict=before[-_WINDOW:])
    return 8 * len(packer.compress(text) + packer.flush()) / max(1, len(held_out))
