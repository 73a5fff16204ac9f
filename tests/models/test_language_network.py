"""Shapes, initialisation, tied weights, gradients and dropout of language models."""

import math
from pathlib import Path

import pytest
import torch

import tiny
from riverrun.errors import ModelError
from riverrun.models.cores import detach
from riverrun.models.language_network import LanguageModel
from riverrun.models.weights import as_array, load_weights, weights_of
from riverrun.text.vocabulary import START

VOCABULARY = 9


def build(seed=0, **given):
    torch.manual_seed(seed)
    return LanguageModel(tiny.shape(**{"layers": 2} | given), VOCABULARY)


def symbols(time=5, batch=3):
    return torch.randint(VOCABULARY, (time, batch), generator=torch.Generator().manual_seed(0))


every_core = pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
every_tie = pytest.mark.parametrize(("tied", "embedding"), [(False, 4), (True, 4), (True, 6)])


@every_core
@every_tie
def test_logits_are_time_batch_vocabulary_and_state_keeps_its_shape(core, tied, embedding):
    model = build(core=core, tied=tied, embedding=embedding)
    state = model.initial_state(3)
    logits, after = model(symbols(), state)
    assert logits.shape == (5, 3, VOCABULARY)
    assert [part.shape for part in after] == [part.shape for part in state]
    assert all(part.shape[1] == 3 for part in state)
    assert not any(part.any() for part in state)


@every_core
@every_tie
def test_gradients_reach_every_weight(core, tied, embedding):
    model = build(core=core, tied=tied, embedding=embedding)
    logits, _ = model(symbols(), model.initial_state(3))
    logits.logsumexp(-1).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("shown", ["embedding", "one-hot", "scaled-index"])
def test_weights_may_begin_as_those_of_keras_do(shown):
    """GlorotUniform for kernels, Orthogonal for the recurrent kernel, all gates being one matrix."""
    width = {"embedding": 4, "one-hot": VOCABULARY, "scaled-index": 1}[shown]
    shape = {"input": shown, "embedding": width, "hidden": 50, "layers": 1, "dropout": 0.0}
    torch.manual_seed(0)
    model = LanguageModel(tiny.shape(**shape, initial_weights="keras"), VOCABULARY)
    weights = model.state_dict()
    recurrent = weights["core.rnn.weight_hh_l0"]
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(50), atol=1e-5, rtol=0)
    for name, fans in (("core.rnn.weight_ih_l0", width + 200), ("projection.weight", 50 + VOCABULARY)):
        bound = math.sqrt(6 / fans)
        assert 0.9 * bound < weights[name].abs().max() <= bound, name
    assert weights["core.rnn.bias_ih_l0"][50:100].eq(1).all()  # of the forget gate


@every_core
def test_the_past_reaches_through_the_state_but_gradients_stop_where_it_is_cut(core):
    model = build(core=core)
    _, state = model(symbols(), model.initial_state(3))
    with_past, _ = model(symbols(2), state)
    without, _ = model(symbols(2), model.initial_state(3))
    assert not torch.allclose(with_past, without)
    assert not any(part.requires_grad for part in detach(state))


@every_core
def test_the_same_seed_gives_the_same_weights(core):
    one, same, other = build(0, core=core), build(0, core=core), build(1, core=core)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_the_forget_gate_begins_open_and_recurrent_matrices_orthogonal():
    rnn = build(core="lstm", hidden=6).core.rnn
    for layer in range(2):
        bias = getattr(rnn, f"bias_ih_l{layer}") + getattr(rnn, f"bias_hh_l{layer}")
        forget = bias[6:12]
        assert torch.equal(forget, torch.ones(6))
        assert bias.sum() == 6
        for gate in getattr(rnn, f"weight_hh_l{layer}").split(6):
            torch.testing.assert_close(gate @ gate.T, torch.eye(6))


@pytest.mark.parametrize("embedding", [4, 6])
def test_tied_weights_are_one_and_saved_so(embedding):
    model = build(tied=True, embedding=embedding)
    assert model.projection.weight is model.embedding.weight
    twin = build(1, tied=True, embedding=embedding)
    weights = weights_of(model)
    assert "projection.weight" not in weights
    load_weights(twin, weights, Path("m"))
    assert torch.equal(twin.projection.weight, model.embedding.weight)
    assert twin.projection.weight is twin.embedding.weight


def test_tied_weights_that_version_0_1_0_wrote_twice_are_read():
    model, twin = build(tied=True), build(1, tied=True)
    twice = {name: as_array(tensor) for name, tensor in model.state_dict().items()}
    assert twice.keys() - weights_of(model).keys() == {"projection.weight"}
    load_weights(twin, twice, Path("m"))
    assert torch.equal(twin.projection.weight, model.embedding.weight)


def test_weights_of_another_model_are_refused_by_name():
    with pytest.raises(ModelError, match=r"m: its weights do not fit its settings .*size mismatch"):
        load_weights(build(), weights_of(build(hidden=7)), Path("m"))
    with pytest.raises(ModelError, match="Missing key"):
        load_weights(build(), {}, Path("m"))


def test_the_state_ends_with_the_latest_ids_as_integers():
    model = build(features=3)
    state = model.initial_state(2)
    assert state[-1].tolist() == [[START, START]] * 2
    _, state = model(torch.tensor([[2, 3], [4, 5], [6, 7]]), state)
    assert state[-1].tolist() == [[4, 5], [6, 7]]
    assert not state[-1].is_floating_point()
    model.remember(torch.tensor([[8, 8], [8, 8]]), state)
    assert build().initial_state(2)[-1].shape == (0, 2)


def test_an_untrained_model_predicts_the_frequencies():
    model = build(hidden=2, layers=1)
    with torch.no_grad():
        model.projection.weight.zero_()
    counts = torch.tensor([0, 0, 99, 9, 0, 0, 0, 0, 0])
    model.start_from_frequencies(counts)
    logits, _ = model(symbols(1, 1), model.initial_state(1))
    chances = logits.detach().softmax(-1)[0, 0]
    torch.testing.assert_close(chances, (counts + 1) / (counts + 1).sum())
    assert math.isclose(float(chances[2]), 100 / 117, rel_tol=1e-5)


@every_core
def test_dropout_acts_in_training_only_and_follows_the_generator(core):
    model = build(core=core, dropout=0.5)
    state = model.initial_state(3)
    model.eval()
    assert torch.equal(model(symbols(), state)[0], model(symbols(), state)[0])
    model.train()
    torch.manual_seed(5)
    first, second = model(symbols(), state)[0], model(symbols(), state)[0]
    torch.manual_seed(5)
    assert torch.equal(model(symbols(), state)[0], first)
    assert not torch.equal(first, second)
