"""Random models as the files of a model directory, so that the page's engine and ours can read the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np

import tiny
from riverrun.bundle.manifest import manifest_of
from riverrun.bundle.names import CONFIG, MANIFEST, TOKENIZER, WEIGHTS
from riverrun.bundle.weight_file import pack_arrays
from riverrun.config.resolved import (
    Budget,
    LanguageLoss,
    LanguageSettings,
    LanguageShape,
    PairLoss,
    PairReading,
    SideSymbols,
    TextReading,
    TranslatorSettings,
    TranslatorShape,
)
from riverrun.config.written import to_toml
from riverrun.models.weights import weights_of
from riverrun.text.pieces import pieces_of

NORMALIZER = {"lower": False, "form": "none"}


def language_settings(shape: LanguageShape) -> LanguageSettings:
    """Settings of a language model over characters, nothing special about them but the shape."""
    reading = TextReading(0.1, "lanes", 40, 1, "shuffled", "fresh")
    loss = LanguageLoss("full", "every", 8)
    return LanguageSettings(
        tiny.symbols(unknown="unknown"), reading, shape, tiny.fitting(), loss, Budget("steps", 1)
    )


def translator_settings(shape: TranslatorShape, tagging: bool) -> TranslatorSettings:
    """The same of a translator or tagger."""
    reading = PairReading(0.1, "tagging" if tagging else "translation", "char", "char", "none", 512, False)
    symbols = SideSymbols(False, "none", 1, "unknown")
    return TranslatorSettings(
        symbols, reading, shape, tiny.fitting(), PairLoss(1.0, 0.0, 0.0), Budget("steps", 1)
    )


def tokenizer(size: int, unit: str = "char") -> dict[str, Any]:
    """A table of ``size`` symbols, special ones included: characters from U+0100 on."""
    symbols = [chr(0x100 + index) for index in range(size - 2)]
    return {"unit": unit, "normalizer": NORMALIZER, "unknown": "unknown", "symbols": symbols}


def files(
    weights: dict[str, np.ndarray], model: LanguageShape, facts: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The files of a language model over such characters."""
    tied = ("projection.weight",) if model.tied else ()
    content = {
        "config": to_toml(language_settings(model)),
        "tokenizer": json.dumps(tokenizer(len(weights["projection.bias"]))),
        "weights": pack_arrays({name: array for name, array in weights.items() if name not in tied}),
    }
    return content | {"manifest": manifest(content, facts or {"kind": "language model"})}


def shown_otherwise(
    kind: str, features: int, seed: int, vocabulary: int = 12, hidden: int = 10
) -> tuple[dict[str, np.ndarray], LanguageShape]:
    """An LSTM that is shown its last symbols side by side, as ``kind`` of input says."""
    draw = np.random.default_rng(seed)
    width = {"embedding": 5, "one-hot": vocabulary, "scaled-index": 1}[kind]
    weights = {
        "core.rnn.weight_ih_l0": draw.standard_normal((4 * hidden, features * width)),
        "core.rnn.weight_hh_l0": draw.standard_normal((4 * hidden, hidden)) / hidden**0.5,
        "core.rnn.bias_ih_l0": draw.standard_normal(4 * hidden) * 0.3,
        "core.rnn.bias_hh_l0": draw.standard_normal(4 * hidden) * 0.3,
        "projection.weight": draw.standard_normal((vocabulary, hidden)),
        "projection.bias": draw.standard_normal(vocabulary) * 0.5,
    }
    if kind == "embedding":
        weights["embedding.weight"] = draw.standard_normal((vocabulary, width))
    model = tiny.shape(hidden=hidden, input=kind, features=features, embedding=width)
    return {name: array.astype(np.float32) for name, array in weights.items()}, model


def pair_files(network: Any, shape: TranslatorShape, kind: str, source: int, target: int) -> dict[str, Any]:
    """The files of a translator or tagger whose symbols are characters."""
    weights = weights_of(network)
    sides = {"source": tokenizer(source), "target": tokenizer(target)}
    content = {
        "config": to_toml(translator_settings(shape, kind == "tagger")),
        "tokenizer": json.dumps(sides),
        "weights": pack_arrays(weights),
    }
    facts = {"kind": kind, "longest_source": 20, "unit": "char to char"}
    return {**content, "manifest": manifest(content, facts)}


def manifest(content: dict[str, Any], facts: dict[str, Any]) -> str:
    """What vouches for such files."""
    named = {"config": CONFIG, "tokenizer": TOKENIZER, "weights": WEIGHTS}
    raw = {named[key]: value if key == "weights" else value.encode() for key, value in content.items()}
    return manifest_of(raw, facts).to_json().decode()


def directory(path: Path, files: dict[str, Any]) -> Path:
    """The files as a model directory."""
    for key, name in {
        "config": CONFIG,
        "tokenizer": TOKENIZER,
        "weights": WEIGHTS,
        "manifest": MANIFEST,
    }.items():
        content = files[key]
        path.mkdir(exist_ok=True)
        (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def bytes_of(model_tokenizer: Any) -> Any:
    """The UTF-8 of each symbol of a tokenizer."""
    return pieces_of(model_tokenizer).__getitem__
