"""What of the latest symbols a count belongs to: the last one to six, the word so far, it and the word before.

A context is the hash of what it holds. Words are runs of letters whatever their case; where the word has not begun,
the symbol before it stands for it.
"""

import numpy as np

from riverrun.memory.kernels import inner
from riverrun.memory.shapes import LETTER, ORDERS, REACH

_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
_THIRD = np.uint64(0xBF58476D1CE4E5B9)
_29, _32 = np.uint64(29), np.uint64(32)


@inner
def mixed(first, second):
    """Two numbers as one of 64 bits that looks random (multiplications and shifts as in SplitMix64, Steele 2014)."""
    value = np.uint64(first) * _FIRST ^ np.uint64(second) * _SECOND
    value ^= value >> _29
    value *= _THIRD
    return value ^ (value >> _32)


@inner
def find_contexts(ids, low, end, kind, fold, contexts):
    """Fill in the contexts of the symbol that follows ``ids[low:end]``; returns how long its word is so far.

    Args:
        ids: symbols.
        low, end: which of them are known; no more than REACH are looked at.
        kind, fold: [V], of each symbol its kind, and the symbol that is the same in lower case.
        contexts: uint64 [CONTEXTS], filled in.
    """
    low = max(low, end - REACH)
    value = np.uint64(1)
    for order in range(1, ORDERS + 1):
        symbol = ids[end - order] + 1 if end - order >= low else 0
        value = mixed(value + np.uint64(order), np.uint64(symbol))
        contexts[order - 1] = value
    word, place = np.uint64(0), end - 1
    while place >= low and kind[ids[place]] == LETTER:
        word = mixed(word, np.uint64(fold[ids[place]] + 1))
        place -= 1
    length = end - 1 - place
    if length == 0 and end > low:
        word = np.uint64(ids[end - 1] + 1)
    while place >= low and kind[ids[place]] != LETTER:
        place -= 1
    before = np.uint64(0)
    while place >= low and kind[ids[place]] == LETTER:
        before = mixed(before, np.uint64(fold[ids[place]] + 1))
        place -= 1
    contexts[ORDERS] = mixed(word, np.uint64(101))
    contexts[ORDERS + 1] = mixed(mixed(word, before), np.uint64(102))
    return length
