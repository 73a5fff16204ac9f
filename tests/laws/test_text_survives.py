"""Law 5: decode(encode(text)) is the text, whatever it is and however it is cut; no character is ever split."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.text import load_tokenizer
from riverrun.text.tokenizer import rebuffer

UNITS = ("byte", "char", "word", "bpe")
SAMPLE = "The spirit of the age: naïve café, Straße, ΟΔΟΣ, 河は流れる。 e\u0301 🏞️👩‍👩‍👧 1984\r\n\ttab\n\n end"
BLANKS = " \n\t\r\u3000\u0085\u2028\x1c"

units = pytest.mark.parametrize("unit", UNITS)
anything = st.one_of(st.text(), st.text(alphabet="aΣ\u0301'’ é河🏞1." + BLANKS, max_size=60))


def tokenizer_of(text: str, **given):
    return tiny.tokenizer([text or "x"], **given)


@units
@given(text=anything)
@settings(deadline=None, max_examples=60)
def test_any_text_that_was_learned_comes_back(unit, text):
    tokenizer = tokenizer_of(text, unit=unit, max_vocabulary=300 if unit == "bpe" else 0)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(2 <= symbol < tokenizer.size for symbol in ids)
    assert not tokenizer.unseen(text)


@pytest.mark.parametrize("unit", ["byte", "bpe"])
@given(text=anything)
@settings(deadline=None, max_examples=60)
def test_bytes_and_bpe_know_any_text_never_seen_before(unit, text):
    tokenizer = tokenizer_of("abc", unit=unit)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@units
@given(text=anything)
@settings(deadline=None, max_examples=60)
def test_streamed_pieces_are_whole_characters_and_join_to_the_text(unit, text):
    tokenizer = tokenizer_of(text, unit=unit)
    decoder = tokenizer.decoder()
    pieces = [decoder.push(int(symbol)) for symbol in tokenizer.encode(text)]
    assert "".join(pieces) + decoder.flush() == text
    assert "\ufffd" not in "".join(pieces) or "\ufffd" in text


@pytest.mark.parametrize("unit", ["byte", "bpe"])
@given(ids=st.lists(st.integers(0, 257), max_size=12))
@settings(deadline=None)
def test_a_stream_of_any_symbols_is_the_decoding_of_them(unit, ids):
    tokenizer = tokenizer_of("abc", unit=unit)
    decoder = tokenizer.decoder()
    streamed = "".join(map(decoder.push, ids)) + decoder.flush()
    assert streamed == tokenizer.decode(ids)
    streamed.encode("utf-8")  # no lone surrogates: it can be printed and stored


def test_bytes_of_a_lone_surrogate_become_replacement_characters():
    """An untrained byte model may write them; text that holds them could not be printed."""
    tokenizer = tokenizer_of("abc", unit="byte")
    assert tokenizer.decode([byte + 2 for byte in b"a\xed\xa0\x80b"]) == "a\ufffd\ufffd\ufffdb"


@units
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("form", ["none", "NFC", "NFKD"])
@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_the_symbols_do_not_depend_on_where_the_text_is_cut(unit, lower, form, data):
    text = data.draw(anything)
    tokenizer = tokenizer_of(text + SAMPLE, unit=unit, lower=lower, normalize=form, max_vocabulary=400)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    pieces = list(rebuffer(chunks, unit, tokenizer.normalizer))
    assert "".join(pieces) == text
    encoded = [symbol for piece in pieces for symbol in tokenizer.encode(piece).tolist()]
    assert encoded == tokenizer.encode(text).tolist()


@units
@given(text=anything)
@settings(deadline=None, max_examples=25)
def test_a_saved_tokenizer_is_the_same_after_loading(unit, text):
    tokenizer = tokenizer_of(SAMPLE, unit=unit, lower=True, normalize="NFC", unknown="skip")
    loaded = load_tokenizer(json.dumps(tokenizer.to_dict(), ensure_ascii=False))
    assert loaded.to_dict() == tokenizer.to_dict()
    assert loaded.size == tokenizer.size
    assert loaded.encode(text).tolist() == tokenizer.encode(text).tolist()
    assert loaded.decode(loaded.encode(SAMPLE)) == tokenizer.normalizer(SAMPLE)
