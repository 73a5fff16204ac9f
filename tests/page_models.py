"""Random models as the files of a model directory, so that the page's engine and ours can read the same."""

import json
from typing import Any

import numpy as np

from riverrun import bundle

NORMALIZER = {"lower": False, "form": "none"}


def toml(sections: dict[str, dict[str, Any]]) -> str:
    """Settings as ``config.toml`` has them."""
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items()), ""]
    return "\n".join(lines)


def tokenizer(size: int, unit: str = "char") -> dict[str, Any]:
    """A table of ``size`` symbols, special ones included: characters from U+0100 on."""
    symbols = [chr(0x100 + index) for index in range(size - 2)]
    return {"unit": unit, "normalizer": NORMALIZER, "unknown": "unknown", "symbols": symbols}


def files(weights: dict[str, np.ndarray], model: dict[str, Any], **data: Any) -> dict[str, Any]:
    """The files of a language model over such characters."""
    sections = {"text": {"unit": "char", "unknown": "unknown"}, "data": data, "model": model}
    return {
        "config": toml(sections),
        "tokenizer": json.dumps(tokenizer(len(weights["projection.bias"]))),
        "weights": bundle.save_arrays(weights),
    }


def shown_otherwise(
    kind: str, features: int, seed: int, vocabulary: int = 12, hidden: int = 10
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
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
    model = {"core": "lstm", "hidden": hidden, "layers": 1, "kernel": 3, "input": kind, "features": features}
    return {name: array.astype(np.float32) for name, array in weights.items()}, model


def pair_files(network: Any, settings: dict[str, Any], kind: str, source: int, target: int) -> dict[str, Any]:
    """The files of a translator or tagger whose symbols are characters."""
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    sections = {
        "text": {"unknown": "unknown"},
        "data": {"task": "tagging" if kind == "tagger" else "translation"},
        "model": settings,
    }
    sides = {"source": tokenizer(source), "target": tokenizer(target)}
    content = {
        "config": toml(sections),
        "tokenizer": json.dumps(sides),
        "weights": bundle.save_arrays(weights),
    }
    named = {"config": bundle.CONFIG, "tokenizer": bundle.TOKENIZER, "weights": bundle.WEIGHTS}
    raw = {
        named[key]: value if isinstance(value, bytes) else value.encode() for key, value in content.items()
    }
    facts = {"kind": kind, "longest_source": 20}
    return {**content, "manifest": bundle.manifest(raw, facts).decode()}
