"""Streams of symbols: a prompt, then as many symbols as are asked for, in growing blocks."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.decoder import Decoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position
from riverrun.text.vocabulary import START

_LARGEST_BLOCK = 1024


def begin(
    decoder: Decoder, prompt: Sequence[int] | NDArray[np.integer], opens_document: bool = True
) -> Position:
    """Read a prompt [T] so that writing can begin.

    The start symbol stands before it, unless ``opens_document`` is false: a model that was trained on windows
    cut from the middle of a text has not met it. An empty prompt is the start symbol alone.
    """
    symbols = [int(symbol) for symbol in prompt]
    ids = [START, *symbols] if opens_document or not symbols else symbols
    state = decoder.feed(np.array(ids[:-1], np.int64), decoder.initial_state())
    return Position(state, ids[-1])


def stream(
    decoder: Decoder,
    positions: list[Position],
    sampling: Sampling,
    seed: int,
    length: int | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Blocks [K, T] of symbols for K sequences, T at first 1 and then doubling, ``length`` symbols in all.

    Without a length it never ends: the state carries the past, and takes no more room for a longer one.
    """
    seeds = [(seed, k) for k in range(len(positions))]
    samplings = [sampling] * len(positions)
    size, written = 1, 0
    while length is None or written < length:
        count = size if length is None else min(size, length - written)
        block, positions = decoder.write(positions, samplings, seeds, count)
        yield block
        written += count
        size = min(size * 2, _LARGEST_BLOCK)
