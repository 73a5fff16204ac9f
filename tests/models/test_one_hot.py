"""One-hot input by index is one-hot input by multiplication, in outputs and gradients."""

import pytest
import torch
from torch.nn.functional import one_hot

import tiny
from riverrun.generation.decoder import build_decoder
from riverrun.generation.plain import PlainDecoder
from riverrun.models.cores import build_core
from riverrun.models.language_network import LanguageModel
from riverrun.models.weights import weights_of

V, H, T, B = 7, 5, 6, 3


def core(kind, layers, features, one_hot):
    return build_core(kind, V * features, H, layers, 0.0, kernel=2, one_hot=one_hot)


@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize(("kind", "layers"), [("lstm", 1), ("lstm", 2), ("gru", 1), ("gru", 2), ("conv", 2)])
def test_an_index_is_the_same_arithmetic(kind, layers, features):
    torch.manual_seed(0)
    by_index, by_product = (core(kind, layers, features, one_hot) for one_hot in (True, False))
    by_product.load_state_dict(by_index.state_dict())
    ids = torch.randint(V, (T, B, features))
    state = tuple(torch.randn_like(part) for part in by_product.initial_state(B))
    found, after = by_index(ids, state)
    expected, reached = by_product(one_hot(ids, V).float().flatten(2), state)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(after, reached)
    weighting = torch.randn_like(found)
    for outputs, states in ((found, after), (expected, reached)):
        ((outputs * weighting).sum() + sum((part**2).sum() for part in states)).backward()
    for (name, one), other in zip(by_index.named_parameters(), by_product.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize("kind", ["embedding", "one-hot", "scaled-index"])
@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_decoders_read_every_kind_of_input(core, kind, features):
    torch.manual_seed(0)
    width = {"embedding": 4, "one-hot": V, "scaled-index": 1}[kind]
    given = tiny.shape(core=core, input=kind, features=features, embedding=width, hidden=H, kernel=2)
    model = LanguageModel(given, V).eval()
    weights = weights_of(model)
    ids = torch.randint(V, (T, 1))
    with torch.no_grad():
        whole, _ = model(ids, model.initial_state(1))
        state, rows = model.initial_state(1), []
        for symbol in ids:  # law 1: scan equals step
            logits, state = model(symbol[None], state)
            rows.append(logits)
    torch.testing.assert_close(torch.cat(rows), whole)
    inputs, targets = ids[:-1, 0].numpy(), ids[1:, 0].numpy()
    expected = torch.nn.functional.cross_entropy(whole[:-1, 0], ids[1:, 0], reduction="none")
    for decoder in (PlainDecoder(weights, given), build_decoder(weights, given)):
        scores, _ = decoder.score(inputs, targets, decoder.initial_state())
        torch.testing.assert_close(torch.from_numpy(scores.surprisal).float(), expected, atol=1e-4, rtol=1e-4)
