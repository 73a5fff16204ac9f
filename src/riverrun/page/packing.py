"""A model in one piece for the page, and the engine in one script.

The piece is a safetensors file, compressed by gzip, whose metadata holds the other files' texts. Equal arrays stand
in it once. Matrices may be kept in fewer bits: bf16, or int8 with a factor for each row (``NAME.scale``).
"""

import gzip
import json
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from riverrun import bundle
from riverrun.bundle.manifest import FORMAT
from riverrun.bundle.names import CONFIG, SAMPLES, TOKENIZER
from riverrun.errors import InputError, ModelError
from riverrun.files import incoming
from riverrun.page.joining import join

Precision = Literal["fp32", "bf16", "int8"]

ENGINE = Path(__file__).parent / "engine"
LONGEST = 1 << 24  # bytes of samples
MOST = 1 << 28  # weights: a browser gives a page no more memory than they need


class Stored(NamedTuple):
    """An array as it is kept: its kind in safetensors' words, its shape, its bytes."""

    kind: str
    shape: tuple[int, ...]
    content: bytes


def pack_model(path: Path, precision: str = "fp32") -> bytes:
    """All that the page needs of a model directory.

    Args:
        path: the model directory.
        precision: of its matrices; everything else stays float32.

    Raises:
        ModelError: the model is missing, damaged, of a newer format, or too wide for a page.
        InputError: an unknown precision.
    """
    loaded = bundle.read_bundle(path)
    size = loaded.expected.numbers
    if size > MOST:
        raise ModelError(
            f"{path} is too wide for a page: {size:,} weights need more memory than a browser gives one"
        )
    arrays: dict[str, Stored] = {}
    for name, array in loaded.weights.items():
        arrays |= _stored(name, np.asarray(array, np.float32), precision)
    samples = path / SAMPLES
    texts = {
        "config": loaded.files[CONFIG].decode("utf-8"),
        "tokenizer": loaded.files[TOKENIZER].decode("utf-8"),
        "packed": json.dumps({"format": FORMAT, "facts": _to_be_shared(loaded.facts)}),
        "samples": incoming.read(samples, LONGEST).decode("utf-8", "replace") if samples.exists() else "",
        "name": path.resolve().name,
        "precision": precision,
        "parameters": str(size),
    }
    return gzip.compress(_one_file(arrays, texts), mtime=0)


def rounded_arrays(weights: bundle.Weights, precision: str) -> bundle.Weights:
    """Weights as a page that was packed in this precision computes with them, float32."""
    return {name: _restored(np.asarray(array, np.float32), precision) for name, array in weights.items()}


def engine_script() -> str:
    """The engine as one classic script: it defines ``riverrunEngine``, and serves where it runs in a worker."""
    return join(ENGINE / "standalone.js", {})


def _stored(name: str, array: NDArray[np.float32], precision: str) -> dict[str, Stored]:
    """An array, and the factors that go with it."""
    match _kept(array, precision):
        case "fp32":
            return {name: Stored("F32", array.shape, array.astype("<f4").tobytes())}
        case "bf16":
            return {name: Stored("BF16", array.shape, _halves(array).astype("<u2").tobytes())}
        case "int8":
            digits, factors = _digits(array)
            scale = Stored("F32", factors.shape, factors.astype("<f4").tobytes())
            return {name: Stored("I8", array.shape, digits.tobytes()), f"{name}.scale": scale}


def _restored(array: NDArray[np.float32], precision: str) -> NDArray[np.float32]:
    match _kept(array, precision):
        case "fp32":
            return array
        case "bf16":
            return (_halves(array).astype(np.uint32) << 16).view(np.float32)
        case "int8":
            digits, factors = _digits(array)
            return digits * factors.reshape(-1, *[1] * (array.ndim - 1))


def _kept(array: NDArray[np.float32], precision: str) -> Precision:
    """The precision in which an array is kept: matrices as asked for."""
    match precision:
        case "fp32" | "bf16" | "int8":
            return precision if array.ndim > 1 and array.size else "fp32"
        case _:
            raise InputError(f"precision = {precision!r}: give one of {', '.join(get_args(Precision))}")


def _halves(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper halves of float32, rounded to nearest, ties to even; what would be infinite stays the largest."""
    bits = np.ascontiguousarray(array).view(np.uint32).astype(np.uint64)
    halves = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(halves & 0x7F80 == 0x7F80, halves - 1, halves).astype(np.uint16)


def _digits(array: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers from -127 to 127, and the factor of each row (Jacob et al. 2018)."""
    rows = array.reshape(len(array), -1)
    largest = np.abs(rows).max(axis=1)
    factors = np.where(largest > 0, largest / np.float32(127), np.float32(1)).astype(np.float32)
    return np.rint(rows / factors[:, None]).astype(np.int8).reshape(array.shape), factors


def _to_be_shared(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts without the folders of this machine: the page may be sent to others."""
    texts = {name: facts.get(name) for name in ("corpus", "adapted")}
    bare = {
        name: {**about, "name": Path(about["name"]).name}
        for name, about in texts.items()
        if isinstance(about, dict) and isinstance(about.get("name"), str)
    }
    return facts | bare


def _one_file(arrays: dict[str, Stored], texts: dict[str, str]) -> bytes:
    """As safetensors writes it, but for equal arrays, which share a place."""
    header: dict[str, Any] = {"__metadata__": texts}
    places: dict[bytes, tuple[int, int]] = {}
    size = 0
    for name, (kind, shape, content) in arrays.items():
        if content not in places:
            places[content] = (size, size + len(content))
            size += len(content)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": places[content]}
    head = json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return b"".join([len(head).to_bytes(8, "little"), head, *places])
