"""Copies are found as a plain search finds them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from riverrun.evaluation.copying import NGRAMS, copied, copying

ids = st.lists(st.integers(0, 3), max_size=40).map(lambda x: np.array(x, np.int64))


def contains(text: list[int], part: list[int]) -> bool:
    return any(text[i : i + len(part)] == part for i in range(len(text) - len(part) + 1))


@settings(max_examples=150, deadline=None)
@given(sample=ids, training=ids, cut=st.integers(0, 40))
def test_as_a_plain_search(sample, training, cut):
    pieces = [training[:cut], training[cut:]]
    result = copying(sample, lambda: iter(pieces))
    plain, text = sample.tolist(), training.tolist()
    lengths = [
        n
        for n in range(len(plain) + 1)
        if any(contains(text, plain[i : i + n]) for i in range(len(plain) - n + 1))
    ]
    assert result.longest == max(lengths)
    assert contains(text, plain[result.place : result.end])
    assert result.end - result.place == result.longest
    for n in NGRAMS:
        if n <= len(plain):
            grams = [plain[i : i + n] for i in range(len(plain) - n + 1)]
            assert result.new[n] == 1 - np.mean([contains(text, gram) for gram in grams])


def test_a_stretch_across_pieces_is_found():
    sample = np.arange(10)
    pieces = [np.arange(3), np.arange(3, 5), np.arange(5, 50)]
    assert copied(sample, lambda: iter(pieces), 10).all()
    assert copying(sample, lambda: iter(pieces)).longest == 10


@settings(max_examples=100, deadline=None)
@given(sample=ids, training=ids)
def test_blanks_do_not_count(sample, training):
    result = copying(sample, lambda: iter([training]), blanks={0})
    visible, text = sample[sample != 0], training[training != 0]
    assert result.longest == copying(visible, lambda: iter([text])).longest
    copy = sample[result.place : result.end]
    assert (copy != 0).sum() == result.longest
    assert contains(text.tolist(), copy[copy != 0].tolist())


def test_a_stretch_of_blanks_is_no_copy():
    sample, training = np.array([1, 0, 0, 0, 0, 2]), np.array([0, 0, 0, 0, 0, 1])
    assert copying(sample, lambda: iter([training]), blanks={0}).longest == 1
