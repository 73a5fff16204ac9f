"""Long sources are cut at blanks where there are any, and nothing but blanks is lost."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riverrun.generation.long_sources import pieces

BLANK = 2


@given(st.lists(st.integers(2, 5)), st.integers(1, 8))
def test_pieces_are_short_and_whole(ids, most):
    source = np.array(ids, np.int32)
    found = list(pieces(source, np.array([BLANK]), most))
    assert all(0 < len(piece) <= most and BLANK not in (piece[0], piece[-1]) for piece in found)
    kept = [symbol for piece in found for symbol in piece if symbol != BLANK]
    assert kept == [symbol for symbol in ids if symbol != BLANK]


def test_a_cut_is_at_the_last_blank():
    source = np.array([3, 3, BLANK, 4, BLANK, 5, 5, 5], np.int32)
    assert [piece.tolist() for piece in pieces(source, np.array([BLANK]), 6)] == [[3, 3, 2, 4], [5, 5, 5]]
    assert [piece.tolist() for piece in pieces(source[5:], np.array([BLANK]), 2)] == [[5, 5], [5]]
