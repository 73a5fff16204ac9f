"""Encoder and decoders: padding, attention, gradients. Law 1 is tested with the laws."""

import pytest
import torch

from riverrun.text.vocabulary import START
from tiny_pairs import SHAPES, build

shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


@shapes
def test_a_padded_batch_gives_what_single_pairs_give(shape: dict):
    model = build(**shape)
    lengths = torch.tensor([6, 2, 4])
    source = torch.randint(2, 9, (6, 3))
    for column, length in enumerate(lengths):
        source[length - 1 :, column] = START
    ids = torch.randint(0, 7, (5, 3))
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
    for shape in SHAPES:
        model = build(**shape).train()
        for network in model.networks:
            logits = network.step(
                torch.ones(3, 2).long(), network.start(torch.ones(4, 2).long(), torch.tensor([4, 4]))
            ).logits
            torch.where(logits.isfinite(), logits, 0).square().sum().backward()
        missing = [name for name, weight in model.named_parameters() if weight.grad is None]
        assert missing == [], shape
