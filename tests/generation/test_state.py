"""A state remembers the latest symbols, and which may follow is told by them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from riverrun.generation.sampling import LATEST
from riverrun.generation.state import Position, State
from riverrun.text.permitted import NEVER, all_text, condition_after


@settings(deadline=None)
@given(st.lists(st.integers(0, 3 * LATEST), max_size=5))
def test_the_latest_symbols_are_those_read_last_however_they_were_read(lengths):
    everything = np.arange(sum(lengths))
    state, place = State(()), 0
    for length in lengths:
        state, place = state.after((), everything[place : place + length]), place + length
    assert state.latest.tolist() == everything[-LATEST:].tolist()
    assert state.latest.dtype == np.int64


def test_recent_symbols_are_those_read_and_the_one_to_be_read():
    assert Position(State((), np.array([4, 5])), 6).recent.tolist() == [4, 5, 6]


def test_every_text_symbol_may_follow_any_other():
    table = all_text(5)
    assert (table[0] == NEVER).tolist() == [True, True, False, False, False]
    assert condition_after(table, [1, 2, 4, 0]) == 0


def test_a_condition_follows_from_the_latest_symbols():
    table = np.array([[0, 1, NEVER], [NEVER, NEVER, 0]], np.uint8)  # a 1 opens, a 2 closes
    for latest, condition in (
        ([], 0),
        ([0], 0),
        ([1], 1),
        ([1, 2], 0),
        ([2, 1], 1),
        ([0, 2, 2], 0),
        ([1] * 40, 0),
        ([0, 0, 0, 1, 0, 0, 1], 1),
    ):
        assert condition_after(table, latest) == condition
