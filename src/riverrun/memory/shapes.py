"""The sizes of a memory's parts, and what the loops are given. Without numba: a model is loaded by these alone."""

from typing import Any, NamedTuple

import numpy as np

ORDERS = 6
CONTEXTS = ORDERS + 2

REACH = 64
"""Symbols that a memory looks back at most."""

OTHER, LETTER, DIGIT, BREAK = 0, 1, 2, 3
"""Kinds of symbols; the last ends a line."""

PAGE = 16
LINE = 4
"""Bytes of a page, and pages of a line."""

MOST = 255
"""The highest count; beyond it both of a fork are halved."""

MATCH = 6
"""Symbols that must be the same before a place in the text read is taken for a match."""

INPUTS = 2 * CONTEXTS + 3
"""Two numbers of every context, two of the match, and one that is always the same."""

WAYS = 4
"""In so many ways are the inputs added up."""

KNOWN = ORDERS + 1
"""As many orders may know a fork: none to all."""

LENGTHS = 16  # of a match that are told apart
SCENES = LENGTHS * 3 * KNOWN
LATEST = 1 << 14  # pairs of the latest symbol and a fork, hashed
WORDS = KNOWN * 4 * 16
ENDS = 12.0
"""No sum is farther from nought: nothing is surer than one in 160,000."""

LARGEST_VOCABULARY = 1 << 14
LONGEST_TEXT = 1 << 23
"""Symbols that are read at most, the last ones of a longer text; about a minute."""

MOST_PAGES = 1 << 23
"""Pages of a memory at most: 128 MiB."""

SURENESS = (0.5, 1.5, 3.0, 5.0)
PLACES = (len(SURENESS) + 1) * KNOWN
PARTS = 3
"""Weights at each place: of the network, of the memory, and one that stands alone."""


def mixing_rows(forks_in_all: int) -> int:
    """Rows of weights for so many forks."""
    return forks_in_all + SCENES + LATEST + WORDS


class Tables(NamedTuple):
    """Everything that a memory knows, as arrays; F forks, V symbols.

    Attributes:
        pages: uint8 [P * PAGE], P a multiple of LINE.
        text: uint16 [N], what was read.
        places: int32 [a power of two], where what followed the latest ``MATCH`` symbols is in it, plus one.
        trust: float32 [2 * REACH], how often a match of each length was right, and how often wrong.
        weights: float32 [(F + SCENES + LATEST + WORDS) * INPUTS].
        votes: float32 [SCENES * WAYS].
        forks: of the vocabulary.
        kind, fold: [V], see ``contexts``.
    """

    pages: Any
    text: Any
    places: Any
    trust: Any
    weights: Any
    votes: Any
    forks: Any
    kind: Any
    fold: Any


class Scene(NamedTuple):
    """Where one stands: scratch, filled in by :func:`enter` and for each fork by :func:`think`.

    Attributes:
        at: int64 [4]: the symbol that a match expects or -1, the match's length, the latest symbol, and how long the
            word is.
        contexts: uint64 [CONTEXTS].
        found: int64 [F * CONTEXTS], see ``pages.turn_to``.
        expected: int64 [F], the end of each fork at which the expected symbol is, or -1.
        inputs: float64 [INPUTS].
        rows: int64 [WAYS + 1], the weights that hold here, and the votes.
        sums: float64 [WAYS].
        odds: float64 [F], what was decided of each fork.
    """

    at: Any
    contexts: Any
    found: Any
    expected: Any
    inputs: Any
    rows: Any
    sums: Any
    odds: Any


def empty_scene(forks: int) -> Scene:
    """Scratch for a vocabulary of so many forks."""
    return Scene(
        np.full(4, -1, np.int64),
        np.zeros(CONTEXTS, np.uint64),
        np.full(forks * CONTEXTS, -1, np.int64),
        np.full(forks, -1, np.int64),
        np.zeros(INPUTS),
        np.zeros(WAYS + 1, np.int64),
        np.zeros(WAYS),
        np.zeros(forks),
    )
