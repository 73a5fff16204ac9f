"""How many networks vote, by budget and threads; what suits their size."""

import pytest
import torch

from riverrun import config
from riverrun.training.defaults import Circumstances
from riverrun.training.pair_defaults import MOST_MEMBERS, PairCircumstances, resolve


def resolved(pairs=8000, fast_bf16=True, **given):
    dotted = {name.replace("__", "."): value for name, value in given.items()}
    machine = Circumstances(pairs * 6, 40, torch.device("cpu"), fast_bf16)
    return resolve(config.build(dotted), "monotone", PairCircumstances(pairs, 12.0, 0.5, machine))


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
