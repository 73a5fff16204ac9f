"""Sources taken together: all of them once, of like length, and no more than a bound of symbols."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riverrun.generation.stepping import ROWS, SYMBOLS, in_batches


@given(st.lists(st.sampled_from([1, 2, 30, 500, 40_000])), st.sampled_from([1, 4, 300]))
def test_batches_are_bounded_by_rows_and_by_symbols(lengths: list[int], width: int):
    sources = [np.zeros(length, np.int32) for length in lengths]
    batches = in_batches(sources, width)
    assert sorted(index for batch in batches for index in batch) == list(range(len(sources)))
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        rows = len(batch) * width
        assert len(batch) == 1 or (rows <= ROWS and rows * (longest + 1) <= SYMBOLS)
    flat = [lengths[index] for batch in batches for index in batch]
    assert flat == sorted(flat, reverse=True)
