"""Both decoders refuse ids, states and numbers that would lead out of their arrays."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laws.test_fast_equals_plain import random_model
from riverrun.errors import InputError
from riverrun.generation.compiled.calling import CompiledDecoder
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.sampling import LATEST, Sampling
from riverrun.generation.state import Position, State
from riverrun.generation.streaming import begin

V = 30
MODELS = {core: random_model(core, layers=2, vocabulary=V) for core in ("lstm", "gru", "conv")}
DECODERS = {
    f"{kind.__name__} {core}": kind(*model)
    for kind, (core, model) in itertools.product((PlainDecoder, CompiledDecoder), MODELS.items())
}
decoders = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
BAD_IDS = [[-1], [V], [3, 10**9], [2**63], [10**30], [1.5], ["a"], [None], [[1, 2]], [[1], [2, 3]], 5]


@decoders
@pytest.mark.parametrize("ids", BAD_IDS, ids=str)
def test_what_is_no_id_is_refused(decoder, ids):
    state, good = decoder.initial_state(), [2] * (len(ids) if isinstance(ids, list) else 1)
    with pytest.raises(InputError):
        decoder.feed(ids, state)
    for inputs, targets in ((ids, good), (good, ids)):
        with pytest.raises(InputError):
            decoder.score(inputs, targets, state)
    if isinstance(ids, list) and len(ids) == 1:
        with pytest.raises(InputError):
            decoder.write([Position(state, ids[0])], [Sampling()], [(0, 0)], 1)
        with pytest.raises(InputError):
            decoder.logits([Position(state, ids[0])])


def broken_states(decoder):
    state = decoder.feed([2, 3], decoder.initial_state())
    first, *rest = state.parts
    yield from (state.parts, None, State(()), State((*state.parts, first)), State((first[..., :-1], *rest)))
    yield from (State((first.astype(np.float64), *rest)), State((first.tolist(), *rest)))
    yield from (replace(state, latest=np.array(bad)) for bad in ([V], [-1], [0.5], [[2]]))
    yield replace(state, latest=np.full(LATEST + 1, 2))
    yield replace(state, latest=[2, 3])


@decoders
def test_what_is_no_state_of_the_model_is_refused(decoder):
    foreign = begin(PlainDecoder(*random_model(hidden=21, vocabulary=V)), [2, 3]).state
    for state in (*broken_states(decoder), foreign):
        for use in (
            lambda state=state: decoder.feed([2], state),
            lambda state=state: decoder.score([2], [3], state),
            lambda state=state: decoder.write([Position(state, 2)], [Sampling()], [(0, 0)], 3),
            lambda state=state: decoder.logits([Position(state, 2)]),
        ):
            with pytest.raises(InputError):
                use()


@decoders
def test_as_many_of_each(decoder):
    position = begin(decoder, [2])
    for arguments in (
        ([], [], [], 1),
        ([position], [], [(0, 0)], 1),
        ([position], [Sampling()], [(0, 0)] * 2, 1),
        ([position], [Sampling()], [(0, 0)], -1),
        ([position], [Sampling()], [(0, 0)], 1 << 40),
        ([position], [Sampling()], [(0, 0)], 1.5),
        ([position], [None], [(0, 0)], 1),
        ([position], [Sampling()], [(0, "a")], 1),
        ([position.state], [Sampling()], [(0, 0)], 1),
        ([replace(position, written="a")], [Sampling()], [(0, 0)], 1),
        ([replace(position, written=-1)], [Sampling()], [(0, 0)], 1),
        ([replace(position, written=2**63)], [Sampling()], [(0, 0)], 1),
    ):
        with pytest.raises(InputError):
            decoder.write(*arguments)
    with pytest.raises(InputError, match="2 inputs and 1 targets"):
        decoder.score([2, 3], [3], decoder.initial_state())


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(list(DECODERS)),
    st.lists(st.one_of(st.integers(-2, V + 2), st.integers(-(2**70), 2**70)), max_size=6),
)
def test_any_ids_are_read_or_refused(name, ids):
    decoder = DECODERS[name]
    if all(0 <= each < V for each in ids):
        assert decoder.feed(ids, decoder.initial_state()).latest.tolist() == ids
    else:
        with pytest.raises(InputError):
            decoder.feed(ids, decoder.initial_state())
