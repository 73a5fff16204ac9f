"""Rows by token, word and line show the input's own text and add up to the same surprisal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.evaluation.surprisal import rows_by, token_rows
from riverrun.text.segments import segments

LEARNED = "the spirit of an age ran\n"


def rows(text, by="token", learned=LEARNED, **chosen):
    tokenizer = tiny.tokenizer([learned], **chosen)
    bits = [0.5 + n for n in range(len(tokenizer.encode(text)))]
    return list(rows_by(by, token_rows(segments(tokenizer, text), bits))), bits


def shown(text, **chosen):
    return [row.text for row in rows(text, "word", **chosen)[0]]


def test_words_have_the_blanks_that_follow_them():
    found, bits = rows("an  age\n ran", "word")
    assert [(row.line, row.text, row.characters, row.tokens) for row in found] == [
        (1, "an", 4, 4),
        (1, "age", 4, 4),
        (2, "ran", 4, 4),
    ]
    assert found[0].surprisal_bits == pytest.approx(sum(bits[:4]))


def test_subwords_go_with_their_letters():
    text = "the spirit of an age " * 20
    found, _ = rows(text, "word", learned=text, unit="bpe", max_vocabulary=300)
    assert [row.text for row in found] == text.split()
    assert found[0].tokens == 1  # " spirit" is one token, and its blank goes with it


def test_chinese_words_are_cut():
    assert shown("我在年青时候 做梦，x", learned="我在年青时候做梦，x ") == [
        "我",
        "在",
        "年青",
        "时候",
        "做梦",
        "，",
        "x",
    ]


def test_lines_are_kept_blank_ones_too():
    found, _ = rows("an age\n\nran", "line")
    assert [(row.line, row.text, row.characters) for row in found] == [
        (1, "an age", 7),
        (2, "", 1),
        (3, "ran", 3),
    ]


def test_unknown_units_show_their_own_text():
    found, _ = rows("an жжage", unknown="spell")
    assert "".join(row.text for row in found) == "an жжage"
    assert [row.unknown for row in found if row.text == "ж"] == [1, 1]
    (word,) = [row for row in rows("an жжage", "word")[0] if "ж" in row.text]
    assert (word.text, word.unknown) == ("жжage", 2)


def test_what_is_left_out_has_a_row_and_no_surprisal():
    found, _ = rows("an ж", unknown="skip")
    assert [(row.text, row.tokens, row.surprisal_bits) for row in found[-1:]] == [("ж", 0, None)]
    (_, word) = rows("an ж", "word", unknown="skip")[0]
    assert (word.text, word.tokens, word.surprisal_bits, word.unknown) == ("ж", 0, None, 1)


@pytest.mark.parametrize("unit", ["char", "word", "byte", "bpe"])
@given(text=st.text("an ж\n河😀 .", max_size=30))
@settings(deadline=None)
def test_whatever_the_rows_the_sums_are_the_same(unit, text):
    tokens, bits = rows(text, unit=unit)
    assert "".join(row.text for row in tokens) == text
    for by in ("token", "word", "line"):
        found, _ = rows(text, by, unit=unit)
        assert sum(row.surprisal_bits or 0.0 for row in found) == pytest.approx(sum(bits))
        assert sum(row.characters for row in found) == len(text)
        assert sum(row.tokens for row in found) == len(bits)
    if unit == "char":
        assert [row.text for row in rows(text, "line")[0]] == [line.strip() for line in _lines(text)]
        if "河" not in text:
            words = [row.text for row in rows(text, "word")[0] if row.text]
            assert words == text.split()


def _lines(text):
    return text.split("\n")[: None if text and text[-1] != "\n" else -1]
