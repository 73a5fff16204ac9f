"""The first symbol after a prompt that may go on inside a symbol: every reading as often as it is likely."""

import math

import numpy as np
import pytest

from laws.test_fast_equals_plain import random_model
from riverrun.generation.compiled.calling import CompiledDecoder
from riverrun.generation.healing import heal
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position
from riverrun.generation.streaming import begin

MODEL = random_model(vocabulary=9, hidden=12)
KEPT, TAIL = [3, 4], [5, 6]
LONGER = [np.array([7, 8]), np.array([2])]
READINGS = {(0, 7): [7], (0, 8): [8], (1, 2): [5, 2], (2, None): [5, 6]}


def likelihood(decoder, ids):
    """Probability of ids after the part of the prompt that is kept."""
    inputs = [1, *KEPT, *ids[:-1]]
    scores, _ = decoder.score(inputs, [*KEPT, *ids], decoder.initial_state())
    return math.exp(-scores.surprisal[len(KEPT) :].sum())


@pytest.mark.parametrize("kind", [PlainDecoder, CompiledDecoder])
def test_readings_come_as_often_as_they_are_likely(kind):
    decoder, count = kind(*MODEL), 20_000
    seeds = [(3, k) for k in range(count)]
    found = heal(decoder, begin(decoder, KEPT), TAIL, LONGER, Sampling(temperature=1.0), seeds)
    weights = {name: likelihood(decoder, ids) for name, ids in READINGS.items()}
    for name, weight in weights.items():
        share = sum((each.place, each.symbol) == name for each in found) / count
        assert share == pytest.approx(weight / sum(weights.values()), abs=0.015)


@pytest.mark.parametrize("kind", [PlainDecoder, CompiledDecoder])
def test_what_follows_follows_the_reading(kind):
    decoder = kind(*MODEL)
    found = heal(
        decoder, begin(decoder, KEPT), TAIL, LONGER, Sampling(temperature=1.0), [(3, k) for k in range(200)]
    )
    assert {(each.place, each.symbol) for each in found} == set(READINGS)
    for each in found:
        expected = begin(decoder, [*KEPT, *READINGS[each.place, each.symbol]])
        assert each.position.state.latest.tolist() == expected.state.latest.tolist()
        assert (each.position.last, each.position.written) == (expected.last, 1)
        for one, other in zip(each.position.state.parts, expected.state.parts, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_most_likely_reading_is_greedy_and_the_draws_go_on_behind_it():
    decoder = PlainDecoder(*MODEL)
    weights = {name: likelihood(decoder, ids) for name, ids in READINGS.items()}
    position = Position(begin(decoder, KEPT).state, KEPT[-1], written=4)
    greedy = Sampling(temperature=0.0, repetition_penalty=1.5)
    (found,) = heal(decoder, position, TAIL, LONGER, greedy, [(0, 0)])
    assert (found.place, found.symbol) == max(weights, key=weights.__getitem__)
    assert found.position.written == 5
