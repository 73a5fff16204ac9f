"""The bound on an output's length follows the lengths seen in training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data.target_lengths import BEFORE, TargetLengths

lengths = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 500)), min_size=1)


@given(lengths)
def test_no_target_of_training_would_be_cut(pairs):
    sources, targets = map(np.array, zip(*pairs, strict=True))
    seen = TargetLengths.of(sources, targets)
    assert all(seen.bound(source) >= target for source, target in pairs)
    assert TargetLengths.from_dict(seen.to_dict()) == seen


def test_a_longer_source_may_have_a_longer_output():
    seen = TargetLengths.of(np.array([1, 2]), np.array([100, 200]))
    assert seen.bound(10) >= 1000
    assert TargetLengths.of(np.array([100]), np.array([2])).bound(100) < 20
    assert seen.outputs(10, moves=True) == seen.bound(10) + 10


def test_models_that_did_not_keep_them_are_bounded_as_they_were():
    assert [BEFORE.bound(source) for source in (1, 7, 100)] == [53, 71, 350]


@pytest.mark.parametrize(
    "document", [{}, {"per_source": "x", "excess": 1}, {"per_source": 1e999, "excess": 0}, 3]
)
def test_what_is_damaged_is_refused(document):
    with pytest.raises((KeyError, ValueError, TypeError, OverflowError)):
        TargetLengths.from_dict(document)
