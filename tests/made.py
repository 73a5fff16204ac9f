"""Model directories made without training, and signed as anybody can: a manifest's checksums are not keys."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from riverrun.bundle.manifest import manifest_of
from riverrun.bundle.names import CONFIG, MANIFEST, MEMORY, MODEL, TOKENIZER, WEIGHTS
from riverrun.bundle.reading import BundleReader
from riverrun.bundle.weight_file import pack_arrays, unpack_arrays
from riverrun.config.arrays import Arrays, language_arrays, translator_arrays
from riverrun.config.resolved import LanguageShape, TranslatorShape
from riverrun.memory.stored import Remembered, symbol_texts, to_arrays
from riverrun.text import START, load_tokenizer
from riverrun.text.bpe import train_bpe
from riverrun.text.normalization import Normalizer
from riverrun.text.pieces import pieces_of

# As version 0.1.0 wrote them, which every later one reads.
TEXT = {"unit": "char", "lower": False, "normalize": "none", "min_count": 1, "unknown": "unknown"}
READING = {"reading": "lanes", "window": 40, "stride": 1, "order": "shuffled", "state": "fresh"}
DATA = {"validation": 0.1, "max_length": 512, "skip_bad": False, **READING}
PAIRS = {
    "task": "translation",
    "source_unit": "char",
    "target_unit": "char",
    "source_normalize": "none",
}
TRAINING = {
    "optimizer": "adamw",
    "learning_rate": 0.004,
    "schedule": "cosine",
    "warmup": 2,
    "plateau_factor": 0.5,
    "plateau_patience": 2,
    "weight_decay": 0.01,
    "momentum": 0.9,
    "clip": 1.0,
    "batch": 3,
    "chunk": 8,
    "teacher_forcing": 1.0,
    "teacher_forcing_epochs": 0.0,
    "label_smoothing": 0.1,
    "softmax": "full",
    "negatives": 512,
    "precision": "fp32",
    "device": "cpu",
    "threads": 1,
    "seed": 0,
    "loss": "every",
    "keep_checkpoints": 2,
    "preview_temperatures": [0.5],
    "preview_length": 4,
}
LANGUAGE = {
    "core": "lstm",
    "input": "embedding",
    "features": 1,
    "embedding": 3,
    "hidden": 4,
    "layers": 1,
    "dropout": 0.0,
    "tied": False,
    "kernel": 2,
    "initial_weights": "torch",
}
TRANSLATOR = {
    "core": "lstm",
    "embedding": 3,
    "hidden": 4,
    "layers": 1,
    "decoder_layers": 1,
    "dropout": 0.0,
    "tied": False,
    "attention": "dot",
    "bidirectional": True,
    "input_feeding": False,
    "members": 1,
}
CORPUS = {"name": "a text", "characters": 100, "sha256": "0" * 64}
FACTS = {"unit": "char", "steps": 2, "best_step": 2, "reason": "finished", "seconds": 1.0, "corpus": CORPUS}

Sections = Mapping[str, Mapping[str, Any]]


def toml(sections: Sections) -> bytes:
    """A ``config.toml``."""
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""]
    return "\n".join(lines).encode()


def characters(count: int, unit: str = "char") -> dict[str, Any]:
    """A tokenizer of so many letters, special symbols not counted."""
    symbols = [chr(ord("a") + index) for index in range(count)]
    return {
        "unit": unit,
        "normalizer": {"lower": False, "form": "none"},
        "unknown": "unknown",
        "symbols": symbols,
    }


def random_weights(expected: Arrays, seed: int = 0) -> dict[str, np.ndarray]:
    """Small numbers for all arrays, and for the edits of a transducer shares that sum to one."""
    draw = np.random.default_rng(seed)
    arrays = {}
    for name, shape in expected.shapes.items():
        drawn = draw.normal(0, 0.3, shape).astype(np.float32)
        arrays[name] = np.abs(drawn) if name in ("substitution", "insertion", "deletion") else drawn
    return arrays


def tokenizer(unit: str, letters: int = 5) -> dict[str, Any]:
    """A tokenizer of each unit: letters, bytes, subwords of them, or short words."""
    match unit:
        case "byte":
            return {"unit": unit, "normalizer": {"lower": False, "form": "none"}}
        case "bpe":
            text = "".join(chr(ord("a") + index % letters) for index in range(60))
            return train_bpe([text + " "], Normalizer(), 258 + 2 * letters, 1).to_dict()
        case "char":
            return characters(letters)
        case _:
            found = characters(letters, unit)
            return found | {
                "symbols": [symbol * (1 + index % 3) for index, symbol in enumerate(found["symbols"])]
            }


def language_model(
    folder: Path, letters: int = 5, seed: int = 0, unit: str = "char", memory: bool = False, **shape: Any
) -> Path:
    """A language model over so many letters, perhaps with a memory; its shape is ``LANGUAGE`` but for what is given."""
    chosen, symbols = LANGUAGE | shape, tokenizer(unit, letters)
    size = load_tokenizer(json.dumps(symbols)).size
    chosen["embedding"] = {"one-hot": size, "scaled-index": 1}.get(chosen["input"], chosen["embedding"])
    sections = {"text": TEXT | {"unit": unit}, "data": DATA, "model": chosen, "training": TRAINING}
    files = {
        CONFIG: toml({**sections, "budget": {"steps": 2}}),
        TOKENIZER: json.dumps(symbols).encode(),
        WEIGHTS: pack_arrays(random_weights(language_arrays(LanguageShape(**chosen), size), seed)),
    }
    if memory:
        files[MEMORY] = remembered(json.dumps(symbols), seed)
    return write(folder, files, {"kind": "language model", **FACTS})


def remembered(symbols: str, seed: int) -> bytes:
    """``memory.safetensors`` of a short text of such symbols."""
    from riverrun.memory.gate import new_gate
    from riverrun.memory.learning import learn_memory

    pieces = pieces_of(load_tokenizer(symbols))
    ids = np.random.default_rng(seed).integers(1, len(pieces), 300)
    memory = learn_memory(np.concatenate([ids, ids]), symbol_texts(pieces), START)
    return pack_arrays(to_arrays(Remembered(memory, new_gate()), pieces))


def translator(
    folder: Path,
    letters: int = 5,
    seed: int = 0,
    tagging: bool = False,
    units: tuple[str, str] = ("char", "char"),
    **shape: Any,
) -> Path:
    """A translator or tagger from letters to one letter fewer."""
    chosen = TRANSLATOR | shape
    sides = {"source": tokenizer(units[0], letters), "target": tokenizer(units[1], letters - 1)}
    source, target = (load_tokenizer(json.dumps(side)).size for side in sides.values())
    data = DATA | PAIRS | {"task": "tagging" if tagging else "translation"}
    data |= {"source_unit": units[0], "target_unit": units[1]}
    sections = {"text": TEXT, "data": data, "model": chosen, "training": TRAINING, "budget": {"steps": 2}}
    files = {
        CONFIG: toml(sections),
        TOKENIZER: json.dumps(sides).encode(),
        WEIGHTS: pack_arrays(
            random_weights(translator_arrays(TranslatorShape(**chosen), source, target, tagging), seed)
        ),
    }
    kind = "tagger" if tagging else "translator"
    return write(folder, files, {"kind": kind, **FACTS, "longest_source": 9})


def write(
    folder: Path, files: Mapping[str, bytes], facts: Mapping[str, Any], version: int | None = None
) -> Path:
    """Files and a manifest that fits them, with no door of riverrun's between."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = manifest_of(files, facts)
    if version is not None:
        manifest = replace(manifest, version=version)
    for name, content in {**files, MANIFEST: manifest.to_json()}.items():
        if os.path.lexists(folder / name):
            (folder / name).unlink()
        (folder / name).write_bytes(content)
    return folder


def parts(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a model as they are, and what its manifest says."""
    names = [name for name in (*MODEL, MEMORY) if (folder / name).exists()]
    return {name: (folder / name).read_bytes() for name in names}, BundleReader(folder).manifest.facts


def change(folder: Path, facts: Mapping[str, Any] | None = None, **files: bytes) -> Path:
    """Change a model and sign it anew; ``config=``, ``tokenizer=``, ``weights=`` stand for the files."""
    before, known = parts(folder)
    names = {"config": CONFIG, "tokenizer": TOKENIZER, "weights": WEIGHTS}
    return write(
        folder, before | {names[key]: value for key, value in files.items()}, {**known, **(facts or {})}
    )


def change_config(folder: Path, before: str, after: str) -> Path:
    """Change a line of ``config.toml``."""
    text = (folder / CONFIG).read_text()
    assert before in text
    return change(folder, config=text.replace(before, after, 1).encode())


def change_arrays(folder: Path, **arrays: np.ndarray | None) -> Path:
    """Replace arrays of a model, or with None leave them out; a dot in a name is written as two underscores."""
    found = dict(unpack_arrays((folder / WEIGHTS).read_bytes()))
    for name, array in arrays.items():
        if array is None:
            del found[name.replace("__", ".")]
        else:
            found[name.replace("__", ".")] = array
    return change(folder, weights=pack_arrays(found))
