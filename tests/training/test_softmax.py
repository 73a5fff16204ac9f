"""The sampled softmax: which symbols are drawn, how often, and that the loss estimates that over all of them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tiny
from riverrun.data.batch import Cursor
from riverrun.models.language_network import LanguageModel
from riverrun.training import softmax
from riverrun.training.softmax import Sampler, sampled_loss

VOCABULARY, TOKENS = 40, 12
COUNTS = np.array([400 // (rank + 1) for rank in range(VOCABULARY)])
SHARES = (COUNTS + 1) / (COUNTS + 1).sum()


def sampler(negatives=8, seed=0):
    return Sampler(SHARES, TOKENS + negatives, seed)


def targets(seed):
    return np.random.default_rng(seed).choice(VOCABULARY, TOKENS, p=SHARES)


def model():
    torch.manual_seed(0)
    return LanguageModel(tiny.shape(hidden=6), VOCABULARY)


def test_a_sample_has_the_targets_and_a_fixed_number_of_symbols():
    for step in range(50):
        wanted = targets(step)
        symbols, log_chances = sampler().draw(wanted, Cursor(0, step))
        assert set(wanted) <= set(symbols)
        assert len(symbols) == len(log_chances) == TOKENS + 8
        assert (np.diff(symbols) > 0).all()
        assert (log_chances <= 0).all()


def test_a_sample_is_a_function_of_seed_cursor_and_targets():
    draw = lambda seed, cursor: sampler(seed=seed).draw(targets(0), cursor).symbols.tolist()  # noqa: E731
    first = draw(0, Cursor(1, 2))
    assert draw(0, Cursor(1, 2)) == first
    assert first not in (draw(1, Cursor(1, 2)), draw(0, Cursor(2, 2)), draw(0, Cursor(1, 3)))


def test_the_chances_are_how_often_symbols_are_drawn():
    draws, seen, expected = 4000, np.zeros(VOCABULARY), np.zeros(VOCABULARY)
    for step in range(draws):
        symbols, log_chances = sampler().draw(targets(step), Cursor(0, step))
        seen[symbols] += 1
        expected[symbols] += np.exp(-log_chances)  # 1 on average, whether it was there or not
    assert expected / draws == pytest.approx(np.ones(VOCABULARY), abs=0.1)
    assert seen[0] > 2 * seen[-1]


def test_a_sample_of_everything_gives_the_loss_over_everything():
    wanted = targets(0)
    outputs = torch.randn(TOKENS, 6, generator=torch.Generator().manual_seed(0))
    network, goals = model(), torch.from_numpy(wanted)
    sample = sampler(negatives=10_000).draw(wanted, Cursor())
    exact = F.cross_entropy(network.project(outputs), goals)
    torch.testing.assert_close(sampled_loss(network, outputs, goals, sample), exact)


def test_the_loss_and_its_gradient_are_those_over_everything_on_average():
    network, draws = model(), 3000
    outputs = torch.randn(TOKENS, 6, generator=torch.Generator().manual_seed(0))
    bias = network.projection.bias
    sums = {"sampled": [0.0, torch.zeros(VOCABULARY)], "exact": [0.0, torch.zeros(VOCABULARY)]}
    for step in range(draws):
        wanted = targets(step)
        goals = torch.from_numpy(wanted)
        sample = sampler(negatives=16).draw(wanted, Cursor(0, step))
        losses = {
            "sampled": sampled_loss(network, outputs, goals, sample),
            "exact": F.cross_entropy(network.project(outputs), goals),
        }
        for name, loss in losses.items():
            sums[name][0] += loss.item() / draws
            sums[name][1] += torch.autograd.grad(loss, bias)[0] / draws
    assert sums["sampled"][0] == pytest.approx(sums["exact"][0], rel=0.01)
    torch.testing.assert_close(sums["sampled"][1], sums["exact"][1], atol=3e-3, rtol=0)


def test_only_sampled_symbols_get_a_gradient():
    network, wanted = model(), targets(0)
    sample = sampler().draw(wanted, Cursor())
    sampled_loss(network, torch.randn(TOKENS, 6), torch.from_numpy(wanted), sample).backward()
    gradient = network.projection.weight.grad
    assert gradient is not None
    touched = gradient.abs().sum(1).nonzero()[:, 0].tolist()
    assert touched == sample.symbols.tolist()


WINDOWS = {"data__reading": "windows", "data__window": 8}
readings = pytest.mark.parametrize(
    "reading",
    [{}, WINDOWS, WINDOWS | {"training__loss": "last"}, WINDOWS | {"data__shortest": 3}],
    ids=["lanes", "windows", "windows, last", "windows of all lengths"],
)


@readings
def test_training_by_samples_learns_what_training_over_everything_does(reading, corpus, tmp_path):
    given = {"text__unit": "word", "training__batch": 2, "budget__steps": 60, "training__learning_rate": 0.03}
    bits = {}
    for kind in ("full", "sampled"):
        more = {"training__softmax": kind} | ({"training__negatives": 4} if kind == "sampled" else {})
        stopped = tiny.train(corpus, tmp_path / kind, **given, **reading, **more)[-1]
        bits[kind] = stopped.best.figures["bits_per_character"]
    assert bits["sampled"] == pytest.approx(bits["full"], rel=0.05)


@readings
@pytest.mark.parametrize("at_once", [1, 7])
def test_held_out_text_is_scored_in_pieces(at_once, reading, corpus, tmp_path, monkeypatch):
    """However few logits are allowed at once, the loss is the same, and no more are made."""
    whole = tiny.train(corpus, tmp_path / "whole", budget__steps=4, **reading)[-1].best.nats_per_token
    widths = []
    project = LanguageModel.project

    def counted(network, outputs, symbols=None):
        if not network.training:
            widths.append(outputs.shape[:-1].numel())
        return project(network, outputs, symbols)

    monkeypatch.setattr(LanguageModel, "project", counted)
    monkeypatch.setattr(softmax, "_LOGITS_AT_ONCE", at_once * 40)
    pieces = tiny.train(corpus, tmp_path / "pieces", budget__steps=4, **reading)[-1].best.nats_per_token
    assert pieces == pytest.approx(whole, rel=1e-6)
    assert max(widths) <= at_once * 2  # of fewer than 40 symbols
