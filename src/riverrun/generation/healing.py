"""The first symbol after a prompt whose end may be the beginning of a longer symbol.

Every reading has a probability: that of the symbols of the tail up to a place, times that of the longer symbol there;
or that of the whole tail. One is drawn as any symbol is, and exactly: texts have one reading each.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.choice import choose, log_probabilities, mend
from riverrun.generation.decoder import Decoder
from riverrun.generation.draws import uniform
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position


class TailReading(NamedTuple):
    """How the end of a prompt is read.

    Attributes:
        position: to go on from.
        place: symbols of the tail that are read as they are.
        symbol: the longer one after them; None where the whole tail is.
    """

    position: Position
    place: int
    symbol: int | None


def heal(
    decoder: Decoder,
    position: Position,
    tail: Sequence[int],
    longer: Sequence[NDArray[np.int64]],
    sampling: Sampling,
    seeds: Sequence[tuple[int, int]],
) -> list[TailReading]:
    """A reading of a prompt for each of K sequences; it takes their first draw.

    Args:
        decoder: of the model.
        position: before the tail.
        tail: ids [N].
        longer: for each place of the tail, ids of symbols that may stand in place of the rest.
        sampling: how one is chosen; the repetition penalty is left out.
        seeds: [K] pairs of seed and number of the sequence.
    """
    weights, states, logarithm = [], [], 0.0
    start, way = position.written, replace(sampling, repetition_penalty=1.0)
    for symbol, others in zip(tail, longer, strict=True):
        (logits,), (state,) = decoder.logits([position])
        logs = log_probabilities(mend(logits.astype(np.float64), np.ones(len(logits), bool)))
        weights.append(logarithm + logs[others])
        logarithm += float(logs[symbol])
        states.append(state)
        position = Position(state, symbol, start + 1)
    ends = np.cumsum([len(others) for others in longer])
    weights = np.concatenate([*weights, [logarithm]])
    readings = []
    for seed, sequence in seeds:
        draw = uniform(seed, sequence, start)
        chosen = choose(weights, (), way, draw, np.ones(len(weights), bool))
        place = int(np.searchsorted(ends, chosen, side="right"))
        if place == len(tail):
            readings.append(TailReading(position, place, None))
        else:
            symbol = int(longer[place][chosen - ends[place]])  # counted from the end
            readings.append(TailReading(Position(states[place], symbol, start + 1), place, symbol))
    return readings
