"""Vocabularies, unknown symbols, and units."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.errors import CorpusError, ModelError, UnknownSymbolError
from riverrun.text import START, UNKNOWN, load_tokenizer
from riverrun.text.splitting import split_words
from riverrun.text.symbols import units_in_words


def tokenizer_of(text, **chosen):
    return tiny.tokenizer([text], **chosen)


def test_symbols_are_in_order_of_frequency_after_two_special_ones():
    tokenizer = tokenizer_of("aaabbc")
    assert tokenizer.encode("abc").tolist() == [2, 3, 4]
    assert (tokenizer.size, UNKNOWN, START) == (5, 0, 1)


def test_rare_symbols_are_left_out():
    assert tokenizer_of("aaabbc", min_count=2).encode("abc").tolist() == [2, 3, UNKNOWN]
    assert tokenizer_of("aaabbc", max_vocabulary=3).encode("abc").tolist() == [2, UNKNOWN, UNKNOWN]


def test_an_unknown_symbol_is_shown_as_such():
    tokenizer = tokenizer_of("ab")
    assert tokenizer.decode(tokenizer.encode("axb")) == "a\ufffdb"
    assert tokenizer.unseen("axbxx") == {"x": 3}


def test_words_outside_the_vocabulary_are_spelled():
    tokenizer = tokenizer_of("the tea the tea at", unit="word", min_count=2)
    assert [tokenizer.decode([i]) for i in tokenizer.encode("the heat")] == ["the", " ", *"heat"]
    assert tokenizer.unseen("the sea") == {"s": 1}
    assert tokenizer.decode(tokenizer.encode("the sea")) == "the \ufffdea"
    assert tokenizer_of("the", unit="word", unknown="unknown").encode("eh").tolist() == [UNKNOWN]


def test_every_character_stays_however_few_words_may():
    tokenizer = tokenizer_of("the the the the tea tea tea", unit="word", max_vocabulary=8)
    assert sorted(tokenizer.vocabulary.symbols) == [" ", "a", "e", "h", "t", "the"]


@given(text=st.text("abc d", max_size=30))
@settings(deadline=None)
def test_spelling_gives_the_text_back(text):
    tokenizer = tokenizer_of("abc d", unit="word")
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_unknown_symbols_can_be_skipped():
    tokenizer = tokenizer_of("ab", unknown="skip")
    assert tokenizer.decode(tokenizer.encode("axb")) == "ab"


@pytest.mark.parametrize("unit", ["char", "word"])
def test_unknown_symbols_can_be_refused_and_are_named(unit):
    with pytest.raises(UnknownSymbolError, match=r"'x' \(2 times\).*text\.unknown = refuse"):
        tokenizer_of("a b", unknown="refuse", unit=unit).encode("a x x b")


def test_words_keep_apostrophes_numbers_punctuation_and_blanks():
    assert split_words("Don't  pay 1984, l’été!\n\n") == (
        ["Don't", "  ", "pay", " ", "1984", ",", " ", "l’été", "!", "\n", "\n"]
    )


def test_lower_casing_and_normal_forms_are_part_of_the_tokenizer():
    tokenizer = tokenizer_of("Cafe\u0301 STRASSE", lower=True, normalize="NFC")
    assert tokenizer.decode(tokenizer.encode("CAFÉ")) == "café"
    assert not tokenizer.unseen("CAFÉ")


def test_bpe_learns_longer_units_within_its_bound():
    text = "the river runs and the river rests\n" * 50
    small, large = tokenizer_of(text, unit="bpe", max_vocabulary=258), tokenizer_of(text, unit="bpe")
    assert small.size == 258
    assert len(small.encode(text)) == len(text)
    assert len(large.encode(text)) < len(text) / 3


def test_no_symbol_left_is_refused_with_the_remedy():
    with pytest.raises(CorpusError, match=r"text\.min_count"):
        tokenizer_of("abc", min_count=2)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"unit": "char"}',
        '{"unit": "morse", "normalizer": {}}',
        '{"unit": 1, "normalizer": 2}',
        '{"unit": "bpe", "normalizer": {}, "model": {}}',
    ],
)
def test_what_is_no_tokenizer_is_refused(content):
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        load_tokenizer(content)


def test_many_unknown_symbols_are_named_briefly():
    assert units_in_words({}) == ""
    assert units_in_words({"a": 1}) == "'a'"
    assert units_in_words({"a": 1, "b": 2}) == "'a' and 'b' (2 times)"
    assert units_in_words(dict.fromkeys("abcdefgh", 1)) == "'a', 'b', 'c', 'd', 'e' and 3 more"


@given(text=st.text("ab kʰ", max_size=20))
@settings(deadline=None)
def test_symbols_come_back_with_single_spaces_whole_or_streamed(text):
    tokenizer = tokenizer_of("a b ab kʰ k", unit="symbols")
    ids, decoder = tokenizer.encode(text).tolist(), tokenizer.decoder()
    shown = tokenizer.decode(ids)
    assert "".join(decoder.push(symbol) for symbol in ids) + decoder.flush() == shown
    known = {"a", "b", "ab", "kʰ", "k"}
    assert shown == " ".join(part if part in known else "\ufffd" for part in text.split())
