"""What is chosen for large vocabularies, and that what is given stays."""

import pytest
import torch

from riverrun.config.building import build_settings
from riverrun.errors import SettingsError
from riverrun.training.defaults import (
    SAMPLED_FROM,
    TIED_FROM,
    Circumstances,
    resolve_language,
    resolve_symbols,
)


def resolved(vocabulary, **given):
    dotted = {name.replace("__", "."): value for name, value in given.items()}
    circumstances = Circumstances(100_000, vocabulary, torch.device("cpu"), False)
    settings = build_settings(dotted)
    return resolve_language(settings, resolve_symbols(settings.text), circumstances)


@pytest.mark.parametrize(
    ("vocabulary", "softmax", "tied"),
    [
        (100, "full", False),
        (SAMPLED_FROM - 1, "full", False),
        (SAMPLED_FROM, "sampled", False),
        (TIED_FROM, "sampled", True),
    ],
)
def test_large_vocabularies_are_sampled_and_tied(vocabulary, softmax, tied):
    settings = resolved(vocabulary)
    assert (settings.loss.softmax, settings.model.tied) == (softmax, tied)


def test_what_is_given_stays():
    settings = resolved(25_000, training__softmax="full", model__tied=False)
    assert (settings.loss.softmax, settings.loss.negatives, settings.model.tied) == ("full", 0, False)
    settings = resolved(100, training__softmax="sampled", training__negatives=7)
    assert (settings.loss.softmax, settings.loss.negatives) == ("sampled", 7)


def test_one_hot_input_has_no_embedding_to_tie():
    assert resolved(25_000, model__input="one-hot").model.tied is False


def test_a_width_that_the_input_cannot_have_is_refused():
    assert resolved(57, model__input="one-hot", model__embedding=57).model.embedding == 57
    with pytest.raises(SettingsError, match=r"model\.embedding = 64: model\.input = one-hot is 57 wide"):
        resolved(57, model__input="one-hot", model__embedding=64)


@pytest.mark.parametrize(
    ("given", "most"),
    [({}, 0), ({"text__unit": "bpe"}, 4096), ({"text__unit": "bpe", "text__max_vocabulary": 300}, 300)],
)
def test_subwords_have_a_bound(given, most):
    assert resolved(100, **given).text.max_vocabulary == most


def test_bytes_are_not_counted():
    assert resolved(258, text__unit="byte").text.min_count == 0


@pytest.mark.parametrize(
    ("given", "unknown", "least"),
    [
        ({}, "spell", 1),
        ({"text__unit": "jieba"}, "spell", 3),
        ({"text__unit": "word"}, "spell", 3),
        ({"text__unit": "word", "text__unknown": "unknown"}, "unknown", 1),
        ({"text__unit": "clause", "text__min_count": 2}, "spell", 2),
    ],
)
def test_rare_words_are_spelled(given, unknown, least):
    text = resolved(100, **given).text
    assert (text.unknown, text.min_count) == (unknown, least)
