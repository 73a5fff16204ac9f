"""The tree of forks of a vocabulary."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.memory.forks import SLOTS, build, laid_out


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=60))
def test_every_symbol_has_its_own_way_from_the_root(counts):
    forks = laid_out(build(np.array(counts), [chr(97 + place) for place in range(len(counts))]))
    ways = set()
    for symbol in range(len(counts)):
        way = tuple(forks.path[forks.starts[symbol] : forks.starts[symbol + 1]].tolist())
        assert way[0] >> 1 == 0
        for before, after in itertools.pairwise(way):
            assert forks.below[before] == after >> 1
            assert forks.above[after >> 1] == before
        assert forks.below[way[-1]] == -1 - symbol
        ways.add(way)
    assert len(ways) == len(counts)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=60))
def test_a_page_holds_three_levels(counts):
    forks = laid_out(build(np.array(counts), ["x"] * len(counts)))
    for fork, (page, slot) in enumerate(zip(forks.page, forks.slot, strict=True)):
        assert 0 <= slot < SLOTS
        assert (slot == 0) == (page == fork)
    assert len({*zip(forks.page.tolist(), forks.slot.tolist(), strict=True)}) == len(forks.page)


def test_frequent_symbols_have_shorter_ways():
    forks = laid_out(build(np.array([1000, 1, 1, 1, 1]), list("abcde")))
    lengths = np.diff(forks.starts)
    assert lengths[0] == lengths.min() == 1


@pytest.mark.parametrize(
    "below", [[], [-1], [-1, -1], [-1, -3], [0, -1], [1, -1, 1, -2], [-1, 1, -2, -2], [-1, 2, -2, -3]]
)
def test_what_is_no_tree_is_refused(below):
    with pytest.raises(ValueError, match="forks"):
        laid_out(np.array(below, np.int32))
