"""``model.safetensors``: arrays in and out. What comes in is what settings and symbols say, or refused."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.config.arrays import Arrays
from riverrun.files import json_text, records

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
    arrays = unpack_arrays(content)
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
    return pack_arrays({name: arrays[name] for name in expected.shapes})


def unpack_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Whatever arrays of numbers a safetensors file holds, read-only views of its bytes.

    The format: the length of a header in 8 bytes, the header in JSON, the arrays (safetensors' README).

    Raises:
        ValueError: it is not such a file, or its arrays do not fill it one after the other.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8 or length % 8:
        raise ValueError("it is not a safetensors file: no header")
    header = json_text.parse(content[8 : 8 + length].decode("utf-8"))
    if not isinstance(header, dict):
        raise ValueError("it is not a safetensors file: its header is no object")
    header.pop("__metadata__", None)
    entries = {name: records.read(_Entry, about) for name, about in header.items()}
    arrays: dict[str, NDArray[Any]] = {}
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        dtype, size = _TYPES.get(entry.dtype), math.prod(entry.shape)
        if dtype is None or any(extent < 0 for extent in entry.shape):
            raise ValueError(f"{name:.80} is of the type {entry.dtype:.20} and the shape {entry.shape!s:.80}")
        end = place + size * dtype.itemsize
        if entry.data_offsets != [place, end] or 8 + length + end > len(content):
            raise ValueError(f"{name:.80} is not where it should be in the file")
        arrays[name] = np.frombuffer(content, dtype, size, 8 + length + place).reshape(entry.shape)
        place = end
    if 8 + length + place != len(content):
        raise ValueError("the file is longer than its arrays")
    return arrays


@dataclass(frozen=True)
class _Entry:
    """What the header says of an array."""

    dtype: str
    shape: list[int]
    data_offsets: list[int]


def pack_arrays(arrays: Weights) -> bytes:
    """Arrays as a safetensors file."""
    from safetensors.numpy import save

    # Not ascontiguousarray, which turns a scalar into a vector.
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _beyond(name: str, array: NDArray[Any]) -> str:
    what = "larger than a million" if np.isfinite(array).all() else "not finite numbers"
    return f"{name} holds values that are {what}"


_NAMES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1", "U16": "<u2"}
_TYPES = {name: np.dtype(kind) for name, kind in _NAMES.items()}
