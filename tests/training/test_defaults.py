"""What is chosen for large vocabularies, and that what is given stays."""

import pytest
import torch

from riverrun.config.building import build
from riverrun.training.defaults import SAMPLED_FROM, TIED_FROM, Circumstances, resolve


def resolved(vocabulary, **given):
    dotted = {name.replace("__", "."): value for name, value in given.items()}
    circumstances = Circumstances(100_000, vocabulary, torch.device("cpu"), False)
    return resolve(build(dotted), circumstances)


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
    assert (settings.training.softmax, settings.model.tied) == (softmax, tied)


def test_what_is_given_stays():
    settings = resolved(25_000, training__softmax="full", training__negatives=7, model__tied=False)
    assert (settings.training.softmax, settings.training.negatives, settings.model.tied) == ("full", 7, False)
    assert resolved(100, training__softmax="sampled").training.softmax == "sampled"


def test_one_hot_input_has_no_embedding_to_tie():
    assert resolved(25_000, model__input="one-hot").model.tied is False


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
