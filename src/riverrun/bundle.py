"""The model directory: write it so that it is whole or not there, verify it, read it. No torch, no pickle.

A bundle is a directory with ``config.toml``, ``tokenizer.json``, ``model.safetensors`` and a
``manifest.json`` that names every file with its size and sha256. The manifest is written last.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import ModelError, OutputError

FORMAT = 1
MANIFEST = "manifest.json"
CONFIG = "config.toml"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"

Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Bundle:
    """A verified model directory.

    Attributes:
        path: the directory.
        config: the text of ``config.toml``.
        tokenizer: the text of ``tokenizer.json``.
        weights: arrays by name.
        facts: what the manifest says of the model (its kind, its figures).
    """

    path: Path
    config: str
    tokenizer: str
    weights: Weights
    facts: dict[str, Any]


def write_directory(path: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write files and a manifest to a new directory, atomically.

    Everything goes to a temporary directory beside it and is flushed to disk; the manifest comes last, then
    the rename. A directory of that name is replaced.

    Raises:
        OutputError: the disk is full or not writable; nothing is left behind, and what was there stays.
    """
    temporary = path.with_name(f".{path.name}.part")
    with _writing(path):
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            for name, content in files.items():
                _write_synced(temporary / name, content)
            _write_synced(temporary / MANIFEST, manifest(files, facts))
            sync_directory(temporary)
            if path.exists():
                shutil.rmtree(path)
            os.rename(temporary, path)
            sync_directory(path.parent)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def write_files(path: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write the same files into a directory that holds other things too: each by rename, the manifest last.

    Raises:
        OutputError: the disk is full or not writable; a file is either as before or as it shall be.
    """
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
        everything = {**files, MANIFEST: manifest(files, facts)}
        try:
            for name, content in everything.items():
                _write_synced(path / f".{name}.part", content)
            for name in everything:
                os.replace(path / f".{name}.part", path / name)
            sync_directory(path)
        except BaseException:
            for name in everything:
                (path / f".{name}.part").unlink(missing_ok=True)
            raise


def manifest(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> bytes:
    """The manifest of files, as JSON."""
    listed = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    document = {"format": FORMAT, "facts": dict(facts), "files": listed}
    return _as_written(document | {"sha256": _digest(document)})


def _as_written(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()


def _digest(document: Mapping[str, Any]) -> str:
    """The manifest's own checksum."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def read_files(path: Path, needed: tuple[str, ...]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read and verify files of a bundle; returns their contents and the manifest's facts.

    Raises:
        ModelError: the directory, the manifest or a file is missing or damaged, or the format is newer.
    """
    if not path.is_dir():
        raise ModelError(f"{path}: no such model directory")
    try:
        raw = (path / MANIFEST).read_bytes()
        document = json.loads(raw)
        whole = raw == _as_written(document)  # another last digit of a number may stand for the same number
        version, facts, listed = document["format"], document["facts"], document["files"]
        claimed = document.pop("sha256", None)
    except FileNotFoundError:
        raise ModelError(f"{path} is not a finished model: it has no {MANIFEST}{_advice(path)}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path / MANIFEST} is damaged ({error}){_advice(path)}") from error
    if not isinstance(version, int) or version > FORMAT:
        raise ModelError(
            f"{path} has model format {version}; this version of riverrun reads up to {FORMAT}: upgrade riverrun"
        )
    signed = claimed is not None or len(document) > 3  # one written by hand may go without
    if signed and not (whole and claimed == _digest(document)):
        raise ModelError(f"{path / MANIFEST} is damaged: its checksum is wrong{_advice(path)}")
    contents: dict[str, bytes] = {}
    for name in needed:
        try:
            content = (path / name).read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: {name} is missing ({error.strerror}){_advice(path)}") from error
        if name not in listed or hashlib.sha256(content).hexdigest() != listed[name]["sha256"]:
            raise ModelError(f"{path / name} is damaged: its checksum is not the manifest's{_advice(path)}")
        contents[name] = content
    return contents, facts


def read_bundle(path: Path) -> Bundle:
    """Read a model directory.

    Raises:
        ModelError: as :func:`read_files`, or a weight is not a number.
    """
    contents, facts = read_files(path, (CONFIG, TOKENIZER, WEIGHTS))
    weights = load_arrays(contents[WEIGHTS], path / WEIGHTS)
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise ModelError(f"{path / WEIGHTS}: {name} holds values that are not finite numbers")
    config, tokenizer = contents[CONFIG].decode("utf-8"), contents[TOKENIZER].decode("utf-8")
    return Bundle(path, config, tokenizer, weights, facts)


def load_arrays(content: bytes, path: Path) -> Weights:
    """Arrays of a safetensors file; raises ModelError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"{path} is not a safetensors file: {error}") from error


def save_arrays(arrays: Weights) -> bytes:
    """Arrays as a safetensors file."""
    from safetensors.numpy import save

    # Not ascontiguousarray, which turns a scalar into a vector.
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _advice(path: Path) -> str:
    if (path / "checkpoints").is_dir() and any((path / "checkpoints").iterdir()):
        return f"; its checkpoints may be whole: load one of {path / 'checkpoints'}, or train with --resume"
    return ""


@contextmanager
def _writing(path: Path):
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise OutputError(
            f"{path} cannot be written: {reason}; what was saved before is still there"
        ) from error


def _write_synced(path: Path, content: bytes) -> None:
    with open(path, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
