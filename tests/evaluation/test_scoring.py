"""Lines by themselves: each from the start state, whatever stands beside it."""

import warnings

import numpy as np
import pytest

import riverrun
from riverrun.evaluation import scoring

LINES = ["the spirit\n", "of an age\n", "\n", "", "it runs where it will\n", "age жé\n"]


@pytest.fixture
def judge(model):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "never seen")
        yield model


def test_a_line_gets_what_it_gets_alone(judge):
    found = judge.score_lines(LINES)
    assert len(found) == len(LINES)
    for index, line in enumerate(LINES):
        alone = sum(token.surprisal_bits for token in judge.score(line).token_scores) if line else 0.0
        assert found.surprisal_bits[index] == pytest.approx(alone, rel=1e-9)
    assert found.tokens.tolist() == found.characters.tolist() == [len(line) for line in LINES]
    assert found.unknown.tolist() == [0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_neither_order_nor_number_of_lines_matters(at_once, judge, monkeypatch):
    expected = judge.score_lines(LINES).surprisal_bits
    monkeypatch.setattr(scoring, "_LINES_AT_ONCE", at_once)
    assert (judge.score_lines(LINES[::-1]).surprisal_bits == expected[::-1]).all()
    assert (judge.score_lines(LINES * 3).surprisal_bits == np.tile(expected, 3)).all()


def test_no_lines_have_no_scores(judge):
    found = judge.score_lines([])
    assert (len(found), found.surprisal_bits.dtype, found.tokens.dtype) == (0, np.float64, np.int64)


def test_one_line_in_a_file_is_evaluated_alike(judge, tmp_path):
    (tmp_path / "line.txt").write_text(LINES[0])
    nats = judge.evaluate(tmp_path / "line.txt").nats
    assert judge.score_lines(LINES[:1]).surprisal_bits[0] == pytest.approx(nats / np.log(2), rel=1e-9)


def test_words_add_up_to_their_tokens_and_to_the_text(judge):
    score = judge.score("".join(LINES))
    bits = sum(token.surprisal_bits for token in score.token_scores)
    for by in ("token", "word", "line"):
        assert sum(row.surprisal_bits for row in score.rows(by)) == pytest.approx(bits, abs=1e-6)
    assert [row.text for row in score.rows("word") if row.text] == "".join(LINES).split()


def test_unseen_characters_of_all_lines_are_named_once(model):
    with pytest.warns(UserWarning, match=r"'ж' and 'é'") as caught:
        model.score_lines(LINES)
    assert len(caught) == 1


def test_half_a_character_is_refused(model):
    with pytest.raises(riverrun.RiverrunError, match="not text"):
        model.score_lines(["a", "\udcff"])


def test_rows_of_lines_are_those_that_their_tokens_make(judge):
    lines = [line for line in LINES if line]
    plain = [
        row for number, score in enumerate(judge.scorer.each(lines), 1) for row in score.rows("line", number)
    ]
    for row, other in zip(judge.scorer.line_rows(lines), plain, strict=True):
        assert row.surprisal_bits == pytest.approx(other.surprisal_bits)
        assert (row.line, row.text, row.characters) == (other.line, other.text, other.characters)
        assert (row.tokens, row.unknown) == (other.tokens, other.unknown)


@pytest.mark.parametrize("by", ["token", "word", "line"])
def test_rows_of_a_text_in_pieces_are_those_of_the_whole(judge, by):
    text = "".join(LINES) * 3
    whole = judge.score(text).rows(by)
    for size in (1, 7, 1000):
        pieces = [text[place : place + size] for place in range(0, len(text), size)]
        found = list(judge.scorer.rows(pieces, by))
        assert [row.surprisal_bits for row in found] == pytest.approx([row.surprisal_bits for row in whole])
        assert [(row.line, row.text, row.tokens) for row in found] == [
            (r.line, r.text, r.tokens) for r in whole
        ]
