"""Law 1: whole, in pieces or one symbol at a time, a network gives the same outputs; the plain decoder too."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
import tiny_pairs
from riverrun.config.resolved import LanguageShape
from riverrun.generation.choice import probabilities
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.state import Position
from riverrun.models.language_network import LanguageModel
from riverrun.models.weights import weights_of

VOCABULARY = 11
SHAPES = {
    "lstm": tiny.shape(core="lstm", embedding=5, hidden=7, layers=1, dropout=0.0),
    "deep lstm, tied": tiny.shape(core="lstm", embedding=5, hidden=7, layers=3, dropout=0.3, tied=True),
    "gru": tiny.shape(core="gru", embedding=7, hidden=7, layers=1, dropout=0.0, tied=True),
    "deep gru": tiny.shape(core="gru", embedding=5, hidden=6, layers=2, dropout=0.3),
    "conv": tiny.shape(core="conv", embedding=5, hidden=6, layers=1, dropout=0.0, kernel=2),
    "three symbols side by side": tiny.shape(features=3),
    "deep conv": tiny.shape(core="conv", embedding=5, hidden=6, layers=3, dropout=0.3, kernel=4),
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def build(shape: LanguageShape) -> LanguageModel:
    torch.manual_seed(3)
    return LanguageModel(shape, VOCABULARY).eval()


def in_pieces(model: LanguageModel, ids: torch.Tensor, cuts: list[int]):
    state, outputs = model.initial_state(ids.shape[1]), []
    for piece in torch.tensor_split(ids, sorted(cuts)):
        if len(piece):
            logits, state = model(piece, state)
            outputs.append(logits)
    return torch.cat(outputs), state


@shapes
@given(data=st.data(), length=st.integers(1, 40), batch=st.integers(1, 3))
@settings(deadline=None, max_examples=25)
@torch.inference_mode()
def test_any_cutting_gives_the_same_outputs_and_state(shape, data, length, batch):
    model = build(shape)
    cuts = data.draw(st.lists(st.integers(0, length), max_size=length))
    ids = torch.randint(VOCABULARY, (length, batch), generator=torch.Generator().manual_seed(length))
    whole, after_whole = model(ids, model.initial_state(batch))
    pieces, after_pieces = in_pieces(model, ids, cuts)
    assert torch.allclose(whole, pieces, atol=1e-5)
    for one, other in zip(after_whole, after_pieces, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


@shapes
@torch.inference_mode()
def test_one_symbol_at_a_time_gives_the_same(shape):
    model = build(shape)
    ids = torch.randint(VOCABULARY, (30, 2), generator=torch.Generator().manual_seed(0))
    whole, _ = model(ids, model.initial_state(2))
    steps, _ = in_pieces(model, ids, list(range(1, 30)))
    assert torch.allclose(whole, steps, atol=1e-5)


@shapes
@torch.inference_mode()
def test_a_lane_does_not_see_its_neighbours(shape):
    model = build(shape)
    ids = torch.randint(VOCABULARY, (20, 3), generator=torch.Generator().manual_seed(1))
    together, _ = model(ids, model.initial_state(3))
    alone, _ = model(ids[:, 1:2], model.initial_state(1))
    assert torch.allclose(together[:, 1:2], alone, atol=1e-5)


@shapes
@torch.inference_mode()
def test_the_future_does_not_change_the_past(shape):
    model = build(shape)
    ids = torch.randint(VOCABULARY, (20, 1), generator=torch.Generator().manual_seed(2))
    changed = ids.clone()
    changed[12:] = (changed[12:] + 1) % VOCABULARY
    before, _ = model(ids, model.initial_state(1))
    after, _ = model(changed, model.initial_state(1))
    assert torch.allclose(before[:12], after[:12], atol=1e-6)
    assert not torch.allclose(before[12:], after[12:], atol=1e-6)


@shapes
@torch.inference_mode()
def test_the_plain_decoder_computes_what_the_trained_network_computes(shape):
    model = build(shape)
    decoder = PlainDecoder(weights_of(model), shape)
    ids = np.random.default_rng(0).integers(VOCABULARY, size=25)
    expected, _ = model(torch.from_numpy(ids)[:, None], model.initial_state(1))
    state = decoder.initial_state()
    for symbol, row in zip(ids, expected[:, 0].numpy(), strict=True):
        (logits,), (state,) = decoder.logits([Position(state, int(symbol))])
        np.testing.assert_allclose(logits, row, atol=1e-5)
    scores, _ = decoder.score(ids[:-1], ids[1:], decoder.initial_state())
    chances = [
        probabilities(row.astype(np.float64))[symbol]
        for row, symbol in zip(expected[:-1, 0].numpy(), ids[1:], strict=True)
    ]
    np.testing.assert_allclose(scores.surprisal, -np.log(chances), atol=1e-5)
    assert scores.correct.tolist() == (expected[:-1, 0].argmax(-1).numpy() == ids[1:]).tolist()


@shapes
def test_reading_in_pieces_leaves_the_plain_decoder_in_the_same_state(shape):
    decoder = PlainDecoder(weights_of(build(shape)), shape)
    ids = np.random.default_rng(1).integers(VOCABULARY, size=20)
    whole = decoder.feed(ids, decoder.initial_state())
    pieces = decoder.feed(ids[7:], decoder.feed(ids[:7], decoder.initial_state()))
    for one, other in zip((*whole.parts, whole.latest), (*pieces.parts, pieces.latest), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", tiny_pairs.SHAPES, ids=str)
@given(cuts=st.lists(st.integers(0, 6), max_size=6))
@settings(deadline=None, max_examples=10)
@torch.inference_mode()
def test_any_cutting_of_a_target_gives_the_same_outputs_and_state(shape, cuts):
    model = tiny_pairs.build(**shape)
    source = torch.randint(2, 9, (5, 3))
    ids = torch.randint(0, 15 if shape["attention"] == "monotone" else 7, (6, 3))
    for network in model.networks:
        state = network.start(source, torch.tensor([5, 3, 4]))
        whole, pieces = network.step(ids, state), []
        for symbols in torch.tensor_split(ids, sorted(cuts)):
            if len(symbols):
                stepped = network.step(symbols, state)
                state = stepped.state
                pieces.append(stepped.logits)
        torch.testing.assert_close(torch.cat(pieces), whole.logits, atol=1e-5, rtol=1e-5)
        for last, expected in zip(state, whole.state, strict=True):
            torch.testing.assert_close(last, expected, atol=1e-5, rtol=1e-5)
