"""The best path to a target against enumeration of all of them, on a stepper small enough for that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data.actions import Actions
from riverrun.generation.beam import search
from riverrun.generation.best_paths import best_paths, with_best_paths
from riverrun.generation.search import Search
from riverrun.text.vocabulary import START

ACTIONS = Actions(4)  # the symbols 2 and 3 can be written


class Transducer:
    """Log-probabilities that depend on the last action and on how many there were."""

    end = START
    forbidden = ACTIONS.forbidden()

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        size = ACTIONS.size
        self.table = np.log(draw.dirichlet(np.ones(size), (6, size))).astype(np.float32)

    def start(self, sources):
        return (np.zeros(len(sources), np.int64),)

    def step(self, outputs, state):
        (place,) = state
        return self.table[np.minimum(place, 5), outputs], (place + 1,)

    def select(self, state, rows):
        return tuple(part[rows] for part in state)

    def side_by_side(self, make, batches):
        return map(make, batches)

    def log_probability(self, actions: list[int]) -> float:
        last = [START, *actions[:-1]]
        return float(sum(self.table[min(t, 5), last[t], action] for t, action in enumerate(actions)))


def all_paths(moves: int, target: list[int]):
    """Every way to write a target with at most so many moves, the end last."""
    if not target:
        yield [START]
    if target:
        first, rest = target[0], target[1:]
        yield from ([first, *path] for path in all_paths(moves, rest))
        if moves:
            yield from ([ACTIONS.write_and_move(first), *path] for path in all_paths(moves - 1, rest))
    if moves:
        yield from ([ACTIONS.move, *path] for path in all_paths(moves - 1, target))


@given(st.integers(0, 99))
def test_no_path_is_better(seed: int):
    stepper, draw = Transducer(seed), np.random.default_rng(seed)
    sources = [np.full(draw.integers(1, 3), 2, np.int32) for _ in range(4)]
    targets = [draw.integers(2, 4, draw.integers(0, 3)).astype(np.int32) for _ in range(4)]
    for source, target, found in zip(
        sources, targets, best_paths(stepper, ACTIONS, sources, targets), strict=True
    ):
        every = list(all_paths(len(source), target.tolist()))
        best = max(map(stepper.log_probability, every))
        assert found.log_probability == pytest.approx(best, abs=1e-4)
        assert found.actions.tolist() in every
        assert stepper.log_probability(found.actions.tolist()) == pytest.approx(best, abs=1e-4)


@given(st.integers(0, 99))
def test_a_search_has_no_better_path_than_the_score_says(seed: int):
    stepper, how = Transducer(seed), Search(beam=8, n_best=8)
    sources = [np.full(3, 2, np.int32), np.full(1, 2, np.int32)]
    found = search(stepper, sources, [9, 9], how)
    scored = with_best_paths(stepper, ACTIONS, sources, found, how)
    for before, after in zip(found, scored, strict=True):
        for one, other in zip(before, after, strict=True):
            assert ACTIONS.written(one.ids) == ACTIONS.written(other.ids)
            moves = sum(bool(ACTIONS.moves(action)) for action in one.ids)
            if one.finished and moves <= 1:  # a free search may move on past the end of the source
                assert other.log_probability >= one.log_probability - 1e-4
