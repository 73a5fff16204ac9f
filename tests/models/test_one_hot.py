"""One-hot input by index is one-hot input by multiplication, in outputs and gradients."""

import pytest
import torch
from torch.nn.functional import one_hot

import tiny
from riverrun.config.settings import ModelSettings
from riverrun.generation.decoder import build_decoder
from riverrun.generation.plain import PlainDecoder
from riverrun.models.cores import build_core
from riverrun.models.language_model import LanguageModel

V, H, T, B = 7, 5, 6, 3


def settings(**changes) -> ModelSettings:
    shape = {"hidden": H, "embedding": V, "layers": 1, "dropout": 0.0, "kernel": 2, "tied": False}
    return ModelSettings.model_validate({**shape, **changes})


@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize(("core", "layers"), [("lstm", 1), ("lstm", 2), ("gru", 1), ("gru", 2), ("conv", 2)])
def test_an_index_is_the_same_arithmetic(core, layers, features):
    torch.manual_seed(0)
    by_index = build_core(settings(core=core, layers=layers, input="one-hot"), V * features)
    by_product = build_core(settings(core=core, layers=layers), V * features)
    by_product.load_state_dict(by_index.state_dict())
    ids = torch.randint(V, (T, B, features))
    state = tuple(torch.randn_like(part) for part in by_product.initial_state(B))  # pyright: ignore
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
    given = settings(core=core, input=kind, features=features, embedding=width)
    model = LanguageModel(given, V).eval()
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
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
    shape = tiny.shape_of(given)
    for decoder in (PlainDecoder(weights, shape), build_decoder(weights, shape)):
        scores, _ = decoder.score(inputs, targets, decoder.initial_state())
        torch.testing.assert_close(torch.from_numpy(scores.surprisal).float(), expected, atol=1e-4, rtol=1e-4)
