"""Counts in pages of 16 bytes: two that tell whose page it is, then for each of seven forks how often each end was
taken. A page has four places where it may lie, in one line of the processor's cache, and a new one takes that of the
rarest (as in lpaq, Mahoney 2007).
"""

import numpy as np

from riverrun.memory.contexts import mixed
from riverrun.memory.kernels import inner
from riverrun.memory.shapes import CONTEXTS, LINE, MOST, PAGE

_HEAD = 2
_LOW, _32, _48, _56 = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(48), np.uint64(56)


@inner
def line_of(hashed, size):
    """Where the line of a hash begins in pages of so many bytes."""
    lines = np.uint64(size // (LINE * PAGE))
    return np.int64((hashed & _LOW) * lines >> _32) * LINE * PAGE


@inner
def find_page(pages, context, index, fork):
    """Where the page of a context is that begins with a fork, or -1; ``index`` is the number of the context."""
    hashed = mixed(context + np.uint64(index), np.uint64(fork + 1))
    first, second = np.uint8(hashed >> _48 & np.uint64(255)), np.uint8(hashed >> _56 | np.uint64(1))
    line = line_of(hashed, pages.size)
    for place in range(line, line + LINE * PAGE, PAGE):
        if pages[place] == first and pages[place + 1] == second:
            return np.int64(place)
    return np.int64(-1)


@inner
def claim_page(pages, context, index, fork):
    """The same, and where there is none it is made; returns the place, and whether another page was let go."""
    place = find_page(pages, context, index, fork)
    if place >= 0:
        return place, False
    hashed = mixed(context + np.uint64(index), np.uint64(fork + 1))
    line = line_of(hashed, pages.size)
    place, taken = np.int64(line), np.int64(1 << 20)
    for other in range(line, line + LINE * PAGE, PAGE):
        here = np.int64(pages[other + _HEAD]) + pages[other + _HEAD + 1]
        if here < taken:
            place, taken = np.int64(other), here
    for byte in range(_HEAD, PAGE):
        pages[place + byte] = 0
    pages[place] = np.uint8(hashed >> _48 & np.uint64(255))
    pages[place + 1] = np.uint8(hashed >> _56 | np.uint64(1))
    return place, taken > 0


@inner
def counted(pages, place, slot, end):
    """How often an end of a fork was taken, in the page at a place."""
    return np.int64(pages[place + _HEAD + 2 * slot + end])


@inner
def count(pages, place, slot, end):
    """Count an end of a fork once more."""
    taken = place + _HEAD + 2 * slot + end
    other = place + _HEAD + 2 * slot + 1 - end
    if pages[taken] == MOST:
        pages[taken] //= 2
        pages[other] //= 2
    pages[taken] += 1


@inner
def turn_to(pages, contexts, forks, fork, found):
    """Find the pages that begin with a fork, one for each context; those above it were found before.

    Args:
        pages: uint8 [P * PAGE], P a multiple of LINE.
        contexts: uint64 [CONTEXTS].
        forks: of the vocabulary.
        fork: with which a page begins.
        found: int64 [F * CONTEXTS]: where pages are, or -1, by the forks with which they begin.
    """
    above = forks.above[fork]
    for index in range(CONTEXTS):
        place = np.int64(0)
        if above >= 0:  # what never came this way has no page here
            place = found[forks.page[above >> 1] * CONTEXTS + index]
            if place >= 0 and counted(pages, place, forks.slot[above >> 1], above & 1) == 0:
                place = np.int64(-1)
        if place >= 0:
            place = find_page(pages, contexts[index], index, fork)
        found[fork * CONTEXTS + index] = place
