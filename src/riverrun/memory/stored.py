"""A memory and its gate as arrays of a file. What comes in is what the loops can be let loose on, or refused."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.memory import forks, shapes
from riverrun.memory.memory import Gate, Memory
from riverrun.memory.shapes import BREAK, LINE, PAGE, REACH, Tables

Arrays = Mapping[str, NDArray[Any]]

LONGEST = 1 << 28
"""Bytes that the file may have: four fifths are pages, text and places, whose sizes are bounded in ``learning``."""

_LARGEST = 1e6  # of a weight


class Remembered(NamedTuple):
    """What a model keeps of its text beside the network: a memory, and how far it is believed."""

    memory: Memory
    gate: Gate


def to_arrays(remembered: Remembered, pieces: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """All of it by name; pieces [V] are what its symbols stand for."""
    memory, weights = remembered
    tables = memory.tables
    names = ("pages", "text", "places", "trust", "weights", "votes", "kind", "fold")
    arrays = {name: getattr(tables, name) for name in names}
    return arrays | {
        "below": tables.forks.below,
        "gate": weights.weights,
        "lost": np.array([memory.lost], np.int64),
        "symbols": _fingerprint(pieces),
    }


def from_arrays(arrays: Arrays, pieces: Sequence[bytes]) -> Remembered:
    """The inverse, for a vocabulary whose V symbols stand for these pieces.

    Raises:
        ValueError: it is of another vocabulary, or not what this room writes.
    """
    found = {name: _of_kind(arrays, name, kind) for name, kind in _KINDS.items()}
    if set(arrays) != set(found):
        raise ValueError("it holds other arrays than a memory's")
    symbols = len(pieces)
    if len(found["kind"]) != symbols or len(found["below"]) != 2 * (symbols - 1):
        raise ValueError(f"it is of {len(found['kind'])} symbols, the tokenizer of {symbols}")
    if not np.array_equal(found["symbols"], _fingerprint(pieces)):
        raise ValueError("it is of other symbols than the tokenizer's")
    laid_out = forks.laid_out(found["below"])
    for name, size in _sizes(symbols).items():
        if found[name].size != size:
            raise ValueError(f"{name} has {found[name].size} numbers, not {size}")
    pages, places = found["pages"].size, found["places"].size
    if pages % (LINE * PAGE) or not 0 < pages <= shapes.MOST_PAGES * PAGE:
        raise ValueError("pages is of no size that it may have")
    if not 2 <= places <= 1 << 24 or places & (places - 1):
        raise ValueError("places is of no size that it may have")
    _within(found, "text", 0, symbols - 1)
    _within(found, "places", 0, found["text"].size)
    _within(found, "kind", 0, BREAK)
    _within(found, "fold", 0, symbols - 1)
    _within(found, "trust", 0, 1e9)
    for name in ("weights", "votes", "gate"):
        _within(found, name, -_LARGEST, _LARGEST)
    parts = {name: found[name] for name in Tables._fields if name != "forks"}
    tables = Tables(forks=laid_out, **parts)
    return Remembered(Memory(tables, int(found["lost"][0])), Gate(found["gate"]))


def _fingerprint(pieces: Sequence[bytes]) -> NDArray[np.uint8]:
    """What tells a vocabulary from another one, in 16 bytes."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "little") + piece)
    return np.frombuffer(digest.digest()[:16], np.uint8)


def _sizes(symbols: int) -> dict[str, int]:
    return {
        "fold": symbols,
        "trust": 2 * REACH,
        "weights": shapes.mixing_rows(symbols - 1) * shapes.INPUTS,
        "votes": shapes.SCENES * shapes.WAYS,
        "gate": shapes.PLACES * shapes.PARTS,
        "lost": 1,
    }


def _of_kind(arrays: Arrays, name: str, kind: type) -> NDArray[Any]:
    array = arrays.get(name)
    if array is None or array.dtype != kind or array.ndim != 1 or not array.size:
        raise ValueError(f"{name} is missing, or is not a list of {np.dtype(kind).name}")
    return array


def _within(found: Arrays, name: str, least: float, most: float) -> None:
    array = found[name]
    if not (array.min() >= least and array.max() <= most):  # nor not-a-number
        raise ValueError(f"{name} holds values that are not {least:g} to {most:g}")


_KINDS: dict[str, type] = {
    "pages": np.uint8,
    "text": np.uint16,
    "places": np.int32,
    "trust": np.float32,
    "weights": np.float32,
    "votes": np.float32,
    "kind": np.uint8,
    "fold": np.int32,
    "below": np.int32,
    "gate": np.float32,
    "lost": np.int64,
    "symbols": np.uint8,
}


def symbol_texts(pieces: Sequence[bytes]) -> list[str]:
    """What symbols stand for, as texts in which letters are letters; part of a character is none."""
    return [piece.decode("utf-8", "surrogateescape") for piece in pieces]
