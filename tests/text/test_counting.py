"""What symbols leave out of a text is counted and named, under every policy and unit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.text.counting import Counts, count


def counts_of(text, learned="the tea ate ", **chosen):
    tokenizer = tiny.tokenizer([learned], **chosen)
    return count(tokenizer, text, tokenizer.encode(text))


def test_characters_that_are_skipped_are_counted_and_named():
    counts = counts_of("the xyx tea", unknown="skip")
    assert (counts.symbols, counts.characters) == (8, 11)
    assert (counts.left_out, counts.left_out_characters) == (3, 3)
    assert counts.unknown_share == 3 / 11
    assert not counts.tells_every_character
    assert counts.caveat == "3 of 11 characters left out: 'x' (2 times) and 'y'"


def test_an_unknown_word_stands_for_its_characters():
    counts = counts_of("the heath tea", unit="word", unknown="unknown")
    assert (counts.unknown, counts.unknown_characters) == (1, 5)
    assert not counts.tells_every_character
    assert counts.caveat == "5 of 13 characters read as <unknown>: 'heath'"


@pytest.mark.parametrize("unit", ["char", "word"])
def test_an_unknown_character_is_a_symbol_of_its_own(unit):
    counts = counts_of("the xyx tea", unit=unit)
    assert (counts.unknown, counts.unknown_characters, counts.left_out) == (3, 3, 0)
    assert counts.tells_every_character
    assert counts.caveat == "3 of 11 characters read as <unknown>: 'x' (2 times) and 'y'"


@pytest.mark.parametrize("unit", ["byte", "bpe"])
def test_bytes_and_subwords_leave_nothing_out(unit):
    counts = counts_of("naïve 河", unit=unit)
    assert counts.tells_every_character
    assert (counts.caveat, counts.size) == ("", len("naïve 河".encode()))


@settings(deadline=None, max_examples=50)
@given(
    text=st.text("abxy z", max_size=20), cut=st.integers(0, 20), policy=st.sampled_from(["skip", "unknown"])
)
def test_counts_of_pieces_add_up(text, cut, policy):
    tokenizer = tiny.tokenizer(["ab "], unknown=policy)
    whole = count(tokenizer, text, tokenizer.encode(text))
    parts = [count(tokenizer, part, tokenizer.encode(part)) for part in (text[:cut], text[cut:])]
    added = parts[0] + parts[1]
    assert added == whole
    assert whole.symbols + whole.left_out == len(text)


def test_only_the_most_frequent_are_named():
    many = Counts(missed={chr(0x4E00 + n): n + 1 for n in range(40)})
    added = many + Counts(missed={"x": 1000})
    assert next(iter(added.missed)) == "x"
    assert len(added.missed) == 10
