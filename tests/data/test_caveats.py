"""What makes a held-out figure worth less than it looks is said before training."""

import random
import warnings

import pytest

import tiny
from riverrun.data import caveats
from riverrun.data.corpus import open_corpus
from riverrun.data.held_out import split_text
from riverrun.data.ids import encode_corpus


def said(tmp_path, text, **symbols):
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    split = split_text(open_corpus([path]), 0.1)
    tokenizer = tiny.tokenizer(split.training.texts(), **symbols)
    held_out = encode_corpus(split.held_out.corpus, tokenizer, split.held_out.start, split.held_out.stop)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        caveats.warn(split, held_out)
    return [str(warning.message) for warning in caught]


def test_an_ordinary_text_needs_no_word(tmp_path, own_cache):
    assert said(tmp_path, tiny.text()) == []


def test_what_is_left_out_is_counted_and_named(tmp_path, own_cache):
    text = tiny.text() + "ж" * 19 + "age"
    (left_out,) = said(tmp_path, text, unknown="skip")
    assert "held-out text: 19 of " in left_out
    assert "characters left out: 'ж' (19 times); no figure a character is given" in left_out


def test_repeated_lines_that_decide_the_figure_are_counted(tmp_path, own_cache):
    names = [f"{first}{last}" for first in tiny.WORDS for last in tiny.WORDS][:300] * 5
    random.Random(0).shuffle(names)
    (leak,) = said(tmp_path, "\n".join(names) + "\n")
    assert "held-out lines (9" in leak
    assert "are in the training text too, so held-out figures are too good" in leak


@pytest.mark.parametrize("lines", [5, 400])
def test_a_few_repeated_lines_decide_nothing(tmp_path, own_cache, lines):
    text = "".join(f"line {n} that is of no other kind\n" for n in range(300)) + "line\n" * lines
    leaks = [message for message in said(tmp_path, text) if "too good" in message]
    assert bool(leaks) == (lines > 100)
