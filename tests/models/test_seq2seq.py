"""Encoder and decoders: law 1, padding, attention."""

import pytest
import torch

from riverrun.config import ModelSettings
from riverrun.models.seq2seq import Seq2Seq
from riverrun.text.vocabulary import START

KINDS = [
    {"attention": "none"},
    {"attention": "dot"},
    {"attention": "additive", "core": "gru", "decoder_layers": 2},
    {"attention": "additive", "input_feeding": True},
    {"attention": "dot", "bidirectional": False, "tied": True},
    {"attention": "monotone", "layers": 2},
    {"attention": "monotone", "core": "gru", "members": 2, "tied": True},
    {"attention": "none", "tagging": True},
]


def build(tagging: bool = False, **more) -> Seq2Seq:
    torch.manual_seed(0)
    settings = {"embedding": 6, "hidden": 8, "layers": 1, "decoder_layers": 1, "dropout": 0.0, "members": 1}
    return Seq2Seq(ModelSettings(**(settings | more)), 9, 7, tagging).eval()


def outputs(model: Seq2Seq) -> int:
    return 15 if model.monotone else 7


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_whole_equals_step_by_step(kind: dict):
    model = build(**kind)
    source = torch.randint(2, 9, (5, 3))
    ids = torch.randint(0, outputs(model), (6, 3))
    lengths = torch.tensor([5, 3, 4])
    for network in model.networks:
        state = network.start(source, lengths)
        whole = network.step(ids, state)
        pieces = []
        for symbols in ids.split([1, 2, 1, 1, 1]):
            stepped = network.step(symbols, state)
            state = stepped.state
            pieces.append(stepped.logits)
        torch.testing.assert_close(torch.cat(pieces), whole.logits, atol=1e-5, rtol=1e-5)
        for last, expected in zip(state, whole.state, strict=True):
            torch.testing.assert_close(last, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_padded_batch_gives_what_single_pairs_give(kind: dict):
    model = build(**kind)
    lengths = torch.tensor([6, 2, 4])
    source = torch.randint(2, 9, (6, 3))
    for column, length in enumerate(lengths):
        source[length - 1 :, column] = START
    ids = torch.randint(0, outputs(model), (5, 3))
    network = model.networks[0]
    together = network.step(ids, network.start(source, lengths))
    for column, length in enumerate(lengths):
        one = slice(column, column + 1)
        alone = network.step(ids[:, one], network.start(source[:length, one], lengths[one]))
        torch.testing.assert_close(together.logits[:, one], alone.logits, atol=1e-5, rtol=1e-5)
        if alone.weights is not None:
            assert together.weights is not None
            torch.testing.assert_close(together.weights[:, one, :length], alone.weights, atol=1e-5, rtol=1e-5)
            assert together.weights[:, one, length:].sum() == 0


def test_soft_weights_sum_to_one():
    network = build(attention="additive").networks[0]
    stepped = network.step(
        torch.ones(4, 2, dtype=torch.long), network.start(torch.ones(3, 2).long(), torch.tensor([3, 1]))
    )
    assert stepped.weights is not None
    torch.testing.assert_close(stepped.weights.sum(-1), torch.ones(4, 2))


def test_gradients_reach_every_weight():
    for kind in KINDS:
        model = build(**kind).train()
        for network in model.networks:
            logits = network.step(
                torch.ones(3, 2).long(), network.start(torch.ones(4, 2).long(), torch.tensor([4, 4]))
            ).logits
            torch.where(logits.isfinite(), logits, 0).square().sum().backward()
        missing = [name for name, weight in model.named_parameters() if weight.grad is None]
        assert missing == [], kind
