"""A text read into a memory.

It is read in parts. Each is first predicted from those before it, which teaches the mixing what the counts are worth
on text that they do not hold, and then counted. Nothing is looked at twice, so the mixing never sees a text that was
counted; and what comes out is a function of the ids alone.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from riverrun.memory import forks, opinions, shapes
from riverrun.memory.contexts import find_contexts
from riverrun.memory.kernels import inner, outer
from riverrun.memory.memory import Memory
from riverrun.memory.opinions import enter, gram, think
from riverrun.memory.pages import claim_page, count
from riverrun.memory.shapes import (
    BREAK,
    CONTEXTS,
    DIGIT,
    LETTER,
    LINE,
    LONGEST_TEXT,
    MATCH,
    MOST_PAGES,
    OTHER,
    PAGE,
    REACH,
    Scene,
    Tables,
    empty_scene,
    mixing_rows,
)

PARTS = 16
_ROOM = 1.4  # pages for each that a symbol's path crosses: contexts share many
SLOW = 0.002
"""How fast the mixing learns, at least."""

_FAST, _SLOWING = 0.018, 20_000.0  # how much faster at first, and for about how many symbols


def learn_memory(ids: NDArray[np.integer], texts: Sequence[str], start: int) -> Memory:
    """The memory of a text.

    Args:
        ids: [N] of the text; of a longer one than ``LONGEST_TEXT`` the end counts.
        texts: [V], what each symbol stands for.
        start: the symbol that stands before a text.

    Returns:
        It, with how many pages were let go because there was no room.
    """
    read = np.concatenate([[start], ids[-LONGEST_TEXT:]]).astype(np.int64)
    tables = empty(read, texts)
    bounds = np.linspace(1, len(read), PARTS + 1).astype(np.int64)
    lost = read_in_parts(tables, empty_scene(len(tables.forks.page)), read, bounds)
    return Memory(tables, int(lost))


def empty(read: NDArray[np.int64], texts: Sequence[str]) -> Tables:
    """Tables for a text of these ids, of which nothing is counted yet."""
    below = forks.build(np.bincount(read, minlength=len(texts)), texts)
    laid_out = forks.laid_out(below)
    crossed = np.add.reduceat(laid_out.slot[laid_out.path >> 1] == 0, laid_out.starts[:-1])[read].sum()
    pages, places = min(MOST_PAGES, LINE * ceil(_ROOM / LINE * crossed)), power_of_two(len(read))
    weights = np.zeros((mixing_rows(len(texts) - 1), shapes.INPUTS), np.float32)
    weights[:, : 2 * CONTEXTS + 1 : 2] = 0.3
    kind, fold = described(texts)
    return Tables(
        np.zeros(pages * PAGE, np.uint8),
        read.astype(np.uint16),
        np.zeros(places, np.int32),
        np.ones(2 * REACH, np.float32),
        weights.reshape(-1),
        np.full(shapes.SCENES * shapes.WAYS, 1 / shapes.WAYS, np.float32),
        laid_out,
        kind,
        fold,
    )


def power_of_two(least: float) -> int:
    """The first that is as large."""
    return 1 << max(6, int(np.ceil(np.log2(least))))


def described(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Of symbols with these texts [V] their kinds, and which is the same in lower case."""
    known = {text: symbol for symbol, text in reversed(list(enumerate(texts)))}
    kinds = [_kind(text) for text in texts]
    folds = [known.get(text.lower(), symbol) for symbol, text in enumerate(texts)]
    return np.array(kinds, np.uint8), np.array(folds, np.int32)


def _kind(text: str) -> int:
    if "\n" in text:
        return BREAK
    visible = text.strip()
    return LETTER if visible.isalpha() else DIGIT if visible.isdigit() else OTHER


@outer
def read_in_parts(tables: Tables, scene: Scene, ids, bounds):
    """Predict each part and then count it; returns how many pages were let go."""
    lost, read = 0, 0
    for part in range(bounds.size - 1):
        for end in range(bounds[part], bounds[part + 1]) if part > 0 else range(0):
            rate = SLOW + _FAST / (1.0 + read / _SLOWING)
            predict_and_learn(tables, scene, ids, 0, end, rate)
            read += 1
        for end in range(bounds[part], bounds[part + 1]):
            lost += remember(tables, scene, ids, 0, end)
    return lost


@inner
def predict_and_learn(tables, scene, ids, low, end, rate):
    """Think of the forks on the way to ``ids[end]`` and learn from each how to mix; returns the surprisal in nats."""
    enter(tables, scene, ids, low, end)
    forks_of, nats = tables.forks, 0.0
    for step in range(forks_of.starts[ids[end]], forks_of.starts[ids[end] + 1]):
        fork, taken = forks_of.path[step] >> 1, forks_of.path[step] & 1
        odds, _ = think(tables, scene, fork)
        nats += np.log(1.0 + np.exp(-odds if taken == 1 else odds))
        opinions.learn(tables, scene, fork, odds, taken, rate)
    return nats


@inner
def remember(tables, scene, ids, low, end):
    """Count ``ids[end]`` after ``ids[low:end]``; returns how many pages were let go."""
    lost, forks_of = 0, tables.forks
    find_contexts(ids, low, end, tables.kind, tables.fold, scene.contexts)
    if min(end - low, REACH) >= MATCH:
        tables.places[gram(ids, end, tables.places.size)] = end + 1
    for step in range(forks_of.starts[ids[end]], forks_of.starts[ids[end] + 1]):
        fork, taken = forks_of.path[step] >> 1, forks_of.path[step] & 1
        slot, first = forks_of.slot[fork], forks_of.page[fork] * CONTEXTS
        for index in range(CONTEXTS):
            if slot == 0:
                place, let_go = claim_page(tables.pages, scene.contexts[index], index, fork)
                scene.found[first + index] = place
                lost += 1 if let_go else 0
            count(tables.pages, scene.found[first + index], slot, taken)
    return lost
