"""Streams of symbols: a prompt, then as many symbols as are asked for, in growing blocks."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.decoder import Decoder, Position
from riverrun.generation.sampling import Sampling
from riverrun.text.vocabulary import START

_LARGEST_BLOCK = 1024


def begin(decoder: Decoder, prompt: Sequence[int] | NDArray[np.integer], sampling: Sampling) -> Position:
    """Read a prompt [T], after the start symbol, so that writing can begin."""
    ids = [START, *(int(symbol) for symbol in prompt)]
    state = decoder.feed(np.array(ids[:-1], np.int64), decoder.initial_state())
    return Position(state, ids[-1], tuple(ids[1:][-max(1, sampling.repetition_window) :]))


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
