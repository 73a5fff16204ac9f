"""Segments show the text's own characters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.text import UNKNOWN
from riverrun.text.segments import segments


@pytest.mark.parametrize("unit", ["char", "word", "byte", "bpe", "clause"])
@pytest.mark.parametrize("policy", ["spell", "unknown", "skip"])
@given(text=st.text("ab ж河,😀", max_size=20))
@settings(deadline=None, max_examples=30)
def test_segments_are_the_texts_own_characters_one_for_each_symbol(unit, policy, text):
    tokenizer = tiny.tokenizer(["a ab, b"], unit=unit, unknown=policy)
    found = segments(tokenizer, text)
    assert "".join(segment.text for segment in found) == text
    told = [segment for segment in found if not segment.left_out]
    ids = tokenizer.encode(text)
    assert len(told) == len(ids)
    assert [segment.known for segment in told] == [symbol != UNKNOWN for symbol in ids]
