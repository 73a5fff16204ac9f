"""How many networks vote, by budget and threads; what suits their size."""

import pytest
import torch

from riverrun.config.building import build_settings
from riverrun.config.settings import Settings
from riverrun.data.pairs import Pair
from riverrun.errors import SettingsError
from riverrun.training.pair_defaults import (
    MOST_MEMBERS,
    PairCircumstances,
    choose_attention,
    choose_reading,
    resolve_translator,
)


def reading_of(settings: Settings):
    return choose_reading(settings, lambda: iter([Pair(1, "abc", "a b k")]))


def resolved(pairs=8000, fast_bf16=True, attention="monotone", **given):
    settings = build_settings({name.replace("__", "."): value for name, value in given.items()})
    circumstances = PairCircumstances(pairs, 12.0, torch.device("cpu"), fast_bf16)
    return resolve_translator(settings, *reading_of(settings), attention, circumstances)


@pytest.mark.parametrize(
    ("minutes", "threads", "members"),
    [(0.2, 2, 1), (2, 1, 1), (2, 2, 2), (10, 1, 2), (10, 2, 5), (100, 2, MOST_MEMBERS)],
)
def test_a_larger_budget_and_more_threads_give_more_networks(minutes, threads, members):
    settings = resolved(budget__minutes=minutes, training__threads=threads)
    assert settings.model.members == members


def test_passes_asked_for_are_those_of_one_network():
    assert resolved(budget__epochs=500, training__threads=4).model.members == 1
    assert resolved(budget__minutes=10, training__threads=2, model__members=3).model.members == 3


def test_a_small_network_alone_has_one_thread(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert resolved(budget__epochs=5).training.threads == 1
    assert resolved(budget__epochs=5, model__members=2).training.threads == 2
    assert resolved(budget__epochs=5, model__hidden=256).training.threads == 2


def test_products_are_bf16_where_that_is_fast_and_the_network_wide_enough():
    assert resolved().training.precision == "bf16"
    assert resolved(fast_bf16=False).training.precision == "fp32"
    assert resolved(model__hidden=64).training.precision == "fp32"
    assert resolved(training__precision="fp32").training.precision == "fp32"


def test_few_pairs_make_small_batches():
    assert [resolved(pairs=pairs).training.batch for pairs in (5, 80, 800, 80_000)] == [1, 10, 64, 64]


@pytest.mark.parametrize(
    ("attention", "pairs", "minutes", "hidden"),
    [
        ("additive", 50_000, 10, 256),
        ("additive", 50_000, 1, 128),  # half a pass on one thread, by the rough count
        ("dot", 8000, 1, 256),
        ("monotone", 8000, 10, 128),
        ("none", 8000, 10, 128),
    ],
)
def test_soft_attention_is_wide_where_there_is_time_for_it(attention, pairs, minutes, hidden):
    settings = resolved(pairs, attention=attention, budget__minutes=minutes, training__threads=1)
    assert settings.model.hidden == hidden


def test_threads_give_time():
    def hidden(threads):
        return resolved(
            20_000, attention="additive", budget__minutes=1, training__threads=threads
        ).model.hidden

    assert (hidden(1), hidden(2)) == (128, 256)


@pytest.mark.parametrize(
    ("units", "attention"),
    [(("char", "symbols"), "monotone"), (("word", "word"), "additive"), (("bpe", "char"), "additive")],
)
def test_words_are_never_transduced_however_well_they_align(units, attention):
    settings = build_settings({"data.source_unit": units[0], "data.target_unit": units[1]})
    assert choose_attention(settings, reading_of(settings)[1], lambda: 0.9) == attention


@pytest.mark.parametrize(
    "given", [{"model.attention": "monotone"}, {"model.attention": "dot"}, {"training.teacher_forcing": 0.5}]
)
def test_tagging_takes_no_attention(given):
    settings = build_settings({"data.task": "tagging", "model.bidirectional": False} | given)
    with pytest.raises(SettingsError, match="tagging reads each output at its own symbol"):
        choose_attention(settings, reading_of(settings)[1], lambda: 1.0)


@pytest.mark.parametrize(
    ("given", "most", "subwords"),
    [
        ({}, 0, 0),
        ({"data__target_unit": "bpe"}, 0, 4096),
        ({"data__source_unit": "bpe", "data__target_unit": "bpe"}, 0, 4096),
        ({"data__source_unit": "bpe", "text__max_vocabulary": 300}, 300, 300),
        ({"data__source_unit": "bpe", "text__max_vocabulary": 300, "text__subwords": 400}, 300, 400),
        ({"text__max_vocabulary": 300}, 300, 0),
    ],
)
def test_how_many_subwords_a_side_has_is_saved(given, most, subwords):
    text = resolved(**given).text
    assert (text.max_vocabulary, text.subwords) == (most, subwords)
