"""Likelihood against brute force: every prefix is run from its beginning."""

import math

import numpy as np
import pytest

import riverrun
import tiny
from riverrun.evaluation import likelihood
from riverrun.evaluation.likelihood import Likelihood
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.state import Position
from riverrun.text import START
from riverrun.text.counting import Counts

TEXT = "the spirit of an age; it runs where it will\nand we call it ours"


def brute_force(model, text):
    """Surprisal in nats of each symbol, and whether it was the likeliest, by the definition."""
    decoder = PlainDecoder(model._bundle.weights, model.settings.model)
    ids = model.tokenizer.encode(text).tolist()
    nats, correct = [], []
    for place, symbol in enumerate(ids):
        past = [START, *ids[:place]]
        state = decoder.feed(past[:-1], decoder.initial_state())
        (row,), _ = decoder.logits([Position(state, past[-1])])
        logits = row.astype(np.float64)
        nats.append(math.log(sum(math.exp(x - logits[symbol]) for x in logits)))
        correct.append(int(logits.argmax()) == symbol)
    return nats, correct


@pytest.fixture(scope="module", params=["char", "byte", "word"])
def judge(request, corpus, tmp_path_factory):
    output = tmp_path_factory.mktemp("judge") / "model"
    more = {"text__unit": request.param, "training__batch": 2, "training__chunk": 4}
    tiny.train(corpus, output, budget__steps=30, training__learning_rate=0.03, **more)
    return riverrun.load(output)


def test_scores_are_what_brute_force_says(judge):
    nats, correct = brute_force(judge, TEXT)
    score = judge.score(TEXT)
    assert [token.surprisal_bits * math.log(2) for token in score.token_scores] == pytest.approx(
        nats, rel=1e-4
    )
    figures = score.to_dict()
    assert figures["tokens"] == len(nats)
    assert figures["characters"] == len(TEXT)
    assert figures["nats_per_token"] == pytest.approx(sum(nats) / len(nats), rel=1e-5)
    assert figures["bits_per_character"] == pytest.approx(sum(nats) / math.log(2) / len(TEXT), rel=1e-5)
    assert figures["bits_per_byte"] == pytest.approx(sum(nats) / math.log(2) / len(TEXT.encode()), rel=1e-5)
    assert figures["perplexity"] == pytest.approx(math.exp(sum(nats) / len(nats)), rel=1e-5)
    assert figures["accuracy"] == pytest.approx(sum(correct) / len(nats))


def test_the_texts_of_the_scores_join_to_the_text(judge):
    assert "".join(token.text for token in judge.score(TEXT).token_scores) == TEXT


def test_evaluating_a_file_is_scoring_its_text(judge, tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    assert judge.evaluate(tmp_path / "text.txt").to_dict() == pytest.approx(
        judge.score(TEXT).likelihood.to_dict(), rel=1e-6
    )


@pytest.mark.parametrize("block", [1, 2, 7, 1000])
def test_neither_blocks_nor_pieces_change_anything(block, judge, monkeypatch):
    expected = judge.score(TEXT).likelihood.to_dict()
    monkeypatch.setattr(likelihood, "BLOCK", block)
    assert judge.score(TEXT).likelihood.to_dict() == pytest.approx(expected, rel=1e-6)
    for size in (1, 3, 20):
        pieces = [TEXT[place : place + size] for place in range(0, len(TEXT), size)]
        assert judge.scorer.likelihood(pieces).to_dict() == pytest.approx(expected, rel=1e-6)


def test_a_long_text_is_scored_past_a_block(model):
    text = tiny.text(1200)
    assert len(text) > likelihood.BLOCK
    assert len(model.score(text).token_scores) == len(text)


def test_a_certain_and_an_impossible_text_have_figures():
    certain, impossible = Likelihood(Counts(10, 10, 10), 0.0, 10), Likelihood(Counts(1, 1, 1), 1e6, 0)
    assert (certain.perplexity, certain.bits_per_character, certain.accuracy) == (1.0, 0.0, 1.0)
    assert impossible.perplexity == math.inf


def test_unknown_symbols_are_scored_and_named(model):
    with pytest.warns(UserWarning, match=r"'é' \(2 times\) and 'ß'"):
        score = model.score("thé ßpé")
    assert score.likelihood.tokens == 7
    assert score.likelihood.unknown_share == pytest.approx(3 / 7)
    assert score.token_scores[2].text == "é"


def test_nothing_to_score_is_refused(model):
    with pytest.raises(riverrun.RiverrunError, match="no text to score"):
        model.score("")


def test_what_is_skipped_is_counted_and_has_no_figure_a_character(corpus, tmp_path):
    tiny.train(corpus, tmp_path / "m", text__unknown="skip")
    model = riverrun.load(tmp_path / "m")
    text = "age" + "ж" * 19
    (tmp_path / "text.txt").write_text(text)
    with pytest.warns(UserWarning, match=r"never seen in training and left out: 'ж' \(19 times\)"):
        score = model.score(text)
    with pytest.warns(UserWarning, match="left out"):
        assert model.evaluate(tmp_path / "text.txt").to_dict() == pytest.approx(score.likelihood.to_dict())
    figures = score.likelihood.to_dict()
    assert (figures["tokens"], figures["characters"], figures["left_out_characters"]) == (3, 22, 19)
    assert (figures["bits_per_character"], figures["bits_per_byte"]) == (None, None)
    assert figures["unknown_share"] == pytest.approx(19 / 22)
    assert [token.surprisal_bits for token in score.token_scores[3:]] == [None] * 19
    assert "".join(token.text for token in score.token_scores) == text
