"""Pairs and settings so small that a translator is trained in about a second."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

PHONES = {"a": "aː", "b": "b", "c": "k", "d": "t", "e": "ə", "f": "f", "x": "k s"}

SETTINGS: dict[str, Any] = {
    "model.embedding": 12,
    "model.hidden": 16,
    "model.layers": 1,
    "model.dropout": 0.0,
    "model.members": 1,
    "training.batch": 8,
    "training.threads": 1,
    "training.precision": "fp32",
    "training.warmup": 2,
    "training.learning_rate": 0.02,
}


SHAPES: list[dict[str, Any]] = [
    {"attention": "none"},
    {"attention": "dot"},
    {"attention": "additive", "core": "gru", "decoder_layers": 2},
    {"attention": "additive", "input_feeding": True},
    {"attention": "dot", "bidirectional": False, "tied": True},
    {"attention": "monotone", "layers": 2},
    {"attention": "monotone", "core": "gru", "members": 2, "tied": True},
    {"attention": "none", "tagging": True},
]


def build(tagging: bool = False, **more: Any):
    """An untrained model of one of these shapes, over 9 source and 7 target symbols."""
    import torch

    from riverrun.models.seq2seq import Seq2Seq

    torch.manual_seed(0)
    return Seq2Seq(shape(**more), 9, 7, tagging).eval()


def shape(tagging: bool = False, **more: Any):
    """The same as a record; a tagger's is a translator's without attention."""
    from riverrun.config.resolved import TranslatorShape

    return replace(TranslatorShape("lstm", 6, 8, 1, 1, 0.0, False, "none", True, False, 1), **more)


def pronunciations(count: int = 200, seed: int = 0) -> list[tuple[str, str]]:
    """Random words and their phones; letters are pronounced one by one, and x as two phones."""
    draw = random.Random(seed)
    words = {"".join(draw.choices("abcdefx", k=draw.randint(2, 6))) for _ in range(count)}
    return [(word, " ".join(PHONES[letter] for letter in word)) for word in sorted(words)]


def write(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """A TSV file of pairs."""
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


def train(pairs: Path, output: Path, steps: int = 120, **more: Any):
    """A translator of a file of pairs; ``model__hidden=4`` stands for ``model.hidden = 4``."""
    import riverrun

    base = more.pop("base", None)
    dotted = {name.replace("__", "."): value for name, value in more.items()}
    return riverrun.train(
        pairs,
        output=output,
        steps=steps,
        settings=SETTINGS | dotted,
        overwrite=True,
        base=base,
        progress=False,
    )
