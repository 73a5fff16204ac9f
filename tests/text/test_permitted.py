"""What may follow where: symbols that stand for bytes spell whole characters."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.permitted import NEVER, all_text, condition_after, permitted_by, whole_characters

BYTES = ByteTokenizer(Normalizer())
TABLE = permitted_by(BYTES)


def walk(table, ids):
    """The condition after ids, or None where one may not stand."""
    condition = 0
    for symbol in ids:
        condition = int(table[condition, symbol])
        if condition == NEVER:
            return None
    return condition


@given(st.text())
def test_every_text_may_be_written(text):
    assert walk(TABLE, BYTES.encode(text)) == 0


def test_every_character_may_be_written():
    for character in map(
        chr, [*range(0x80), 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]
    ):
        assert walk(TABLE, BYTES.encode(character)) == 0


@settings(max_examples=500)
@given(st.lists(st.one_of(st.integers(0, 255), st.integers(0x80, 0xF5)), max_size=8).map(bytes))
def test_what_may_be_written_is_utf_8_that_may_be_unfinished(raw):
    condition = walk(TABLE, [byte + 2 for byte in raw])
    try:
        raw.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert (condition == 0) == valid
    if condition is not None:  # then it can be finished
        decoder = codecs.getincrementaldecoder("utf-8")()
        decoder.decode(raw)


@pytest.mark.parametrize("text", ["héß 天地 🙂🙃 x", "🙂" * 30])
def test_subwords_spell_whole_characters_too(text, tmp_path):
    from riverrun.text.bpe import train_bpe

    tokenizer = train_bpe([text * 20, tiny.text(50)], Normalizer(), 300, 2)
    table = permitted_by(tokenizer)
    assert table.shape == (8, tokenizer.size)
    ids = tokenizer.encode(text)
    assert walk(table, ids) == 0
    for end in range(len(ids)):
        assert condition_after(table, ids[:end]) == walk(table, ids[:end])
        unfinished = tokenizer.decode(ids[:end]).endswith("\ufffd")
        assert (walk(table, ids[:end]) != 0) == unfinished


def test_the_condition_follows_from_the_latest_symbols():
    ids = BYTES.encode("aé🙂").tolist()
    for end in range(len(ids) + 1):
        expected = walk(TABLE, ids[:end])
        for start in range(max(0, end - 4), -1, -1):
            assert condition_after(TABLE, ids[start:end]) == expected
    assert condition_after(TABLE, [1]) == condition_after(TABLE, []) == 0


def test_symbols_of_whole_characters_may_follow_each_other():
    assert len(permitted_by(BYTES)) == 8
    assert (all_text(7) == whole_characters((b"", b"", b"a", b"\xc3\xa9", b"b", b"c", b"d"))[:1]).all()
