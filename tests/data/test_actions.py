"""The code of a transducer's actions, and what an alignment makes of it."""

import numpy as np

from riverrun.data.actions import Actions
from riverrun.data.alignment import Aligner
from riverrun.text.vocabulary import START

ACTIONS = Actions(5)


def test_every_action_has_a_number_of_its_own():
    symbols = np.arange(5)
    codes = [*symbols, *ACTIONS.write_and_move(symbols), ACTIONS.move]
    assert codes == list(range(ACTIONS.size))
    assert ACTIONS.moves(np.array(codes)).tolist() == [False] * 5 + [True] * 6


def test_what_is_written_is_without_moves():
    assert ACTIONS.written([2, ACTIONS.move, ACTIONS.write_and_move(3), 2]) == [2, 3, 2]


def test_the_unknown_symbol_is_never_written_and_the_end_moves_nowhere():
    assert np.flatnonzero(ACTIONS.forbidden()).tolist() == [0, 5, 6]


def test_an_alignment_takes_every_source_symbol_once():
    draw = np.random.default_rng(0)
    aligner = Aligner(draw.random((6, 5)), draw.random(5), draw.random(6))
    for _ in range(20):
        source, target = (draw.integers(2, 5, draw.integers(1, 6)).astype(np.int32) for _ in range(2))
        actions = aligner.actions(source, target)
        assert actions[-1] == START
        assert ACTIONS.written(actions[:-1]) == target.tolist()
        assert int(ACTIONS.moves(actions).sum()) == len(source)
