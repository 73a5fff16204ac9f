"""Arrays that settings and symbols do not ask for never reach a decoder: random models, every array, every way."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import made
import riverrun
from riverrun.bundle.names import WEIGHTS
from riverrun.bundle.weight_file import pack_arrays, unpack_arrays
from riverrun.config.arrays import language_arrays, translator_arrays
from riverrun.config.resolved import LanguageShape, TranslatorShape
from riverrun.errors import ModelError

WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a row more": lambda array: np.concatenate([array, array[-1:]]),
    "a row fewer": lambda array: array[:-1],
    "no rows": lambda array: array[:0],
    "rows thrice": lambda array: np.concatenate([array] * 3),
    "a column more": lambda array: np.concatenate([array, array[..., -1:]], axis=-1),
    "a column fewer": lambda array: array[..., :-1],
    "turned": lambda array: np.ascontiguousarray(array.T) if len(set(array.shape)) > 1 else array[None],
    "flat": lambda array: array.reshape(-1) if array.ndim > 1 else array[:, None],
    "a dimension more": lambda array: array[None],
    "one number": lambda array: array.reshape(-1)[0].reshape(()),
    "in float64": lambda array: array.astype(np.float64),
    "in whole numbers": lambda array: array.astype(np.int64),
    "in bytes": lambda array: array.astype(np.uint8),
}

languages = st.fixed_dictionaries(
    {
        "core": st.sampled_from(["lstm", "gru", "conv"]),
        "input": st.sampled_from(["embedding", "one-hot", "scaled-index"]),
        "features": st.integers(1, 3),
        "embedding": st.integers(1, 5),
        "hidden": st.integers(1, 5),
        "layers": st.integers(1, 3),
        "kernel": st.integers(2, 4),
        "tied": st.booleans(),
    }
).map(lambda shape: shape | {"tied": shape["tied"] and shape["input"] == "embedding"})
translators = st.fixed_dictionaries(
    {
        "core": st.sampled_from(["lstm", "gru"]),
        "attention": st.sampled_from(["none", "dot", "additive", "monotone"]),
        "embedding": st.integers(1, 5),
        "hidden": st.integers(1, 5),
        "layers": st.integers(1, 2),
        "decoder_layers": st.integers(1, 2),
        "tied": st.booleans(),
        "bidirectional": st.booleans(),
        "input_feeding": st.booleans(),
        "members": st.integers(1, 2),
        "tagging": st.booleans(),
    }
)
often = settings(deadline=None, max_examples=15)


def make(folder: Path, kind: str, letters: int, shape: dict) -> Path:
    return (made.language_model if kind == "language" else made.translator)(folder, letters, **shape)


models = st.one_of(
    st.tuples(st.just("language"), st.integers(2, 6), languages),
    st.tuples(st.just("translator"), st.integers(2, 6), translators),
)


@given(model=models)
@often
def test_every_array_changed_in_every_way_is_refused(model):
    with tempfile.TemporaryDirectory() as place:
        folder = make(Path(place) / "model", *model)
        riverrun.load(folder)
        whole = dict(unpack_arrays((folder / WEIGHTS).read_bytes()))
        for name, array in whole.items():
            for change in WAYS.values():
                changed = change(array)
                if (changed.shape, changed.dtype) != (array.shape, array.dtype):
                    assert_refused(folder, {**whole, name: changed})
            assert_refused(folder, {other: each for other, each in whole.items() if other != name})
        assert_refused(folder, {**whole, "another.weight": np.zeros(3, np.float32)})


def assert_refused(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    made.change(folder, weights=pack_arrays(arrays))
    with pytest.raises(ModelError) as caught:
        riverrun.load(folder)
    assert "\n" not in str(caught.value)


@given(shape=languages, letters=st.integers(2, 6))
@often
def test_the_arrays_of_a_language_model_are_those_that_torch_makes(shape, letters):
    from riverrun.models.language_network import LanguageModel

    width = {"embedding": shape["embedding"], "one-hot": letters + 2, "scaled-index": 1}[shape["input"]]
    chosen = LanguageShape(**(made.LANGUAGE | shape | {"embedding": width}))
    model = LanguageModel(as_settings(chosen), letters + 2)
    assert_same_arrays(model, language_arrays(chosen, letters + 2))


@given(shape=translators, source=st.integers(3, 6), target=st.integers(3, 6))
@often
def test_the_arrays_of_a_translator_are_those_that_torch_makes(shape, source, target):
    from riverrun.models.seq2seq import Seq2Seq

    tagging = shape["tagging"]
    chosen = TranslatorShape(
        **(made.TRANSLATOR | {name: each for name, each in shape.items() if name != "tagging"})
    )
    model = Seq2Seq(as_settings(chosen), source, target, tagging)
    assert_same_arrays(model, translator_arrays(chosen, source, target, tagging))


def as_settings(shape):
    """What models are built from."""
    from riverrun.config.settings import ModelSettings

    return ModelSettings(**vars(shape))


def assert_same_arrays(model, expected) -> None:
    found = {name: tuple(array.shape) for name, array in model.state_dict().items()}
    assert found == expected.shapes | {name: expected.shapes[first] for name, first in expected.tied.items()}
    stored = {array.data_ptr(): array.numel() for array in model.state_dict().values()}
    assert expected.numbers == sum(stored.values())
    assert {str(array.dtype) for array in model.state_dict().values()} == {"torch.float32"}


def test_tied_weights_stored_twice_must_be_the_same(tmp_path):
    """Version 0.1.0 stored them twice."""
    folder = made.language_model(tmp_path / "model", tied=True, embedding=3)
    arrays = dict(unpack_arrays((folder / WEIGHTS).read_bytes()))
    made.change(folder, weights=pack_arrays({**arrays, "projection.weight": arrays["embedding.weight"]}))
    assert riverrun.load(folder).parameters == sum(array.size for array in arrays.values())
    other = arrays["embedding.weight"] + 1
    assert_refused(folder, {**arrays, "projection.weight": other})
