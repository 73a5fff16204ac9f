"""Search against enumeration of every output, on a stepper small enough for that."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.errors import InputError
from riverrun.generation.beam import sample, search
from riverrun.generation.sampling import Sampling
from riverrun.generation.search import Search

END = 1
BOUNDS = [53] * 8  # longer than any output
FOUR = Search(beam=4, n_best=4)


class Markov:
    """Log-probabilities that depend on the last symbol, the source and the place; it ends after four."""

    end = END

    def __init__(self, seed: int, outputs: int = 4) -> None:
        self.forbidden = np.arange(outputs) == 0
        draw = np.random.default_rng(seed)
        self.table = np.log(draw.dirichlet(np.ones(outputs), (5, 8, outputs))).astype(np.float32)

    def start(self, sources):
        return np.array([source[0] for source in sources]), np.zeros(len(sources), np.int64)

    def step(self, outputs, state):
        source, place = state
        logs = self.table[np.minimum(place, 4), source, outputs].copy()
        logs[place >= 4] = -np.inf
        logs[place >= 4, END] = 0.0
        return logs, (source, place + 1)

    def select(self, state, rows):
        return tuple(part[rows] for part in state)

    def side_by_side(self, make, batches):
        return map(make, batches)

    def log_probability(self, source: int, ids: tuple[int, ...]) -> float:
        logs, last = 0.0, END
        for place, symbol in enumerate((*ids, END)):
            (row,), _ = self.step(np.array([last]), (np.array([source]), np.array([place])))
            logs, last = logs + float(row[symbol]), symbol
        return logs


@given(st.integers(0, 50))
def test_a_wide_beam_finds_the_best_of_all_outputs(seed: int):
    stepper = Markov(seed)
    everything = [ids for length in range(5) for ids in itertools.product((2, 3), repeat=length)]
    sources = [np.array([n], np.int32) for n in (3, 0, 7)]
    found = search(stepper, sources, BOUNDS, Search(beam=40, n_best=3, length_penalty=0.0))
    for source, hypotheses in zip((3, 0, 7), found, strict=True):
        ranked = sorted(everything, key=lambda ids: -stepper.log_probability(source, ids))
        assert [hypothesis.ids for hypothesis in hypotheses[:3]] == ranked[:3]
        for hypothesis in hypotheses[:3]:
            assert hypothesis.log_probability == pytest.approx(
                stepper.log_probability(source, hypothesis.ids), abs=1e-4
            )


@given(st.integers(0, 50))
def test_greedy_takes_the_most_likely_symbol_each_time(seed: int):
    stepper = Markov(seed)
    (found,) = search(stepper, [np.array([2], np.int32)], BOUNDS, Search(beam=1))
    last, place, expected = END, 0, []
    while True:
        (row,), _ = stepper.step(np.array([last]), (np.array([2]), np.array([place])))
        last = int(np.where(stepper.forbidden, -np.inf, row).argmax())
        if last == END:
            break
        expected.append(last)
        place += 1
    assert found[0].ids == tuple(expected)


@given(st.integers(0, 20), st.permutations(range(8)))
def test_what_one_source_gets_does_not_depend_on_the_others(seed: int, order: list[int]):
    stepper, how = Markov(seed), Search(beam=3, n_best=2)
    alone = [search(stepper, [np.array([n], np.int32)], BOUNDS, how)[0] for n in order]
    assert search(stepper, [np.array([n], np.int32) for n in order], BOUNDS, how) == alone


def test_outputs_end_at_the_length_bound():
    stepper = Markov(0)
    stepper.step = lambda outputs, state: (
        np.log(np.full((len(outputs), 4), [0.1, 0, 0.5, 0.4]) + 1e-30),
        state,
    )
    (found,) = search(stepper, [np.array([2], np.int32)], [7], Search(beam=2))
    assert len(found[0].ids) == 7
    assert not found[0].finished


def test_samples_depend_on_the_seed_only():
    stepper, sources = Markov(1), [np.array([n], np.int32) for n in (1, 2)]
    first = sample(stepper, sources, BOUNDS, Sampling(temperature=1.0), 5, FOUR)
    assert first == sample(stepper, sources, BOUNDS, Sampling(temperature=1.0), 5, FOUR)
    assert first != sample(stepper, sources, BOUNDS, Sampling(temperature=1.0), 6, FOUR)
    assert all(0 not in hypothesis.ids for each in first for hypothesis in each)


@pytest.mark.parametrize(
    "given_value", [{"beam": 0}, {"beam": 10_000}, {"n_best": 5}, {"length_penalty": -1.0}]
)
def test_values_out_of_range_are_refused(given_value: dict):
    with pytest.raises(InputError, match=r"give|must"):
        Search(**given_value)
