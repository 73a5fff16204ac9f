"""``model.safetensors``: arrays in and out. What comes in is what settings and symbols say, or refused."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.config.arrays import Arrays

Weights = Mapping[str, NDArray[Any]]


class OtherModel(ValueError):
    """Names, types or shapes are not those of the model."""


LARGEST = 1e6
"""Of a weight. Trained ones stay far below; what lies beyond would overflow in products."""

_HEADER_OF_ONE = 512  # bytes that the header of a file may spend on each array: names, shapes, places


def longest(expected: Arrays) -> int:
    """Bytes that a file of these arrays may have, with those that version 0.1.0 stored too."""
    older = [*(expected.shapes[name] for name in expected.tied.values()), *expected.former.values()]
    numbers = expected.numbers + sum(map(math.prod, older))
    return 4 * numbers + _HEADER_OF_ONE * (len(expected.shapes) + len(older) + 1)


def read(content: bytes, expected: Arrays) -> Weights:
    """Arrays by name, the further names of tied ones too.

    Raises:
        OtherModel: a name, type or shape is not as it must be.
        ValueError: it is no safetensors file, or holds values that are no weights.
    """
    arrays = unpack(content)
    for name, shape in expected.former.items():
        if arrays.pop(name, np.empty(shape)).shape != shape:
            raise OtherModel(f"{name} has not the shape {shape}")
    for name, first in expected.tied.items():
        if name not in arrays and first in arrays:
            arrays[name] = arrays[first]
    wanted = expected.shapes | {name: expected.shapes[first] for name, first in expected.tied.items()}
    if missing := [name for name in wanted if name not in arrays]:
        raise OtherModel(f"{missing[0]} is missing")
    for name, array in arrays.items():
        if name not in wanted:
            raise OtherModel(f"{name:.80} is in its weights")
        if array.dtype != np.float32:
            raise OtherModel(f"{name} is of type {array.dtype}, not float32")
        if array.shape != wanted[name]:
            raise OtherModel(f"{name} has the shape {array.shape}, not {wanted[name]}")
        if not (array.min() >= -LARGEST and array.max() <= LARGEST):
            raise ValueError(_beyond(name, array))
    for name, first in expected.tied.items():
        if arrays[name] is not arrays[first] and not np.array_equal(arrays[name], arrays[first]):
            raise OtherModel(f"{name} and {first} must be the same, and are not")
    return arrays


def write(arrays: Weights, expected: Arrays) -> bytes:
    """The arrays of a model, tied ones once."""
    return pack({name: arrays[name] for name in expected.shapes})


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """Whatever arrays of numbers a safetensors file holds; raises ValueError."""
    from safetensors import SafetensorError, deserialize

    try:
        found = deserialize(content)
    except SafetensorError as error:
        raise ValueError(f"it is not a safetensors file: {error}") from error
    arrays = {}
    for name, about in found:
        if about["dtype"] not in _TYPES:
            raise ValueError(f"{name:.80} is of the type {about['dtype']}")
        arrays[name] = np.frombuffer(about["data"], _TYPES[about["dtype"]]).reshape(about["shape"])
    return arrays


def pack(arrays: Weights) -> bytes:
    """Arrays as a safetensors file."""
    from safetensors.numpy import save

    # Not ascontiguousarray, which turns a scalar into a vector.
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _beyond(name: str, array: NDArray[Any]) -> str:
    what = "larger than a million" if np.isfinite(array).all() else "not finite numbers"
    return f"{name} holds values that are {what}"


_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "u1"}
