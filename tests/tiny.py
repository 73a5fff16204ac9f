"""Texts and settings so small that a whole run takes a fraction of a second."""

import contextlib
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

LINE = "the spirit of an age is a river that runs where it will, and we call it ours; see 42 or 7!"
WORDS = LINE.split()

SETTINGS: dict[str, Any] = {
    "model.embedding": 6,
    "model.hidden": 8,
    "training.batch": 3,
    "training.chunk": 8,
    "training.threads": 1,
    "training.precision": "fp32",
    "training.warmup": 2,
    "training.preview_length": 4,
    "training.preview_temperatures": "0.5",
}


def shape(**changes: Any):
    """A language model's shape: a small LSTM of one layer, without dropout, but for what is given."""
    from riverrun.config.resolved import LanguageShape

    given = {"core": "lstm", "input": "embedding", "features": 1, "embedding": 12, "hidden": 20, "layers": 1}
    given |= {"dropout": 0.0, "tied": False, "kernel": 3, "initial_weights": "torch"}
    return LanguageShape(**given | changes)


def text(words: int = 600, seed: int = 0) -> str:
    """Lines of ten words drawn from a short list."""
    draw = random.Random(seed)
    return "".join(draw.choice(WORDS) + ("\n" if place % 10 == 9 else " ") for place in range(words))


def fitting():
    """A fitting with nothing special about it."""
    from riverrun.config.resolved import Fitting

    return Fitting(
        optimizer="adamw",
        learning_rate=0.01,
        schedule="cosine",
        warmup=50,
        plateau_factor=0.5,
        plateau_patience=2,
        weight_decay=0.01,
        momentum=0.9,
        clip=1.0,
        batch=32,
        precision="fp32",
        device="cpu",
        threads=1,
        seed=0,
        keep_checkpoints=2,
        preview_temperatures=(0.5,),
        preview_length=10,
    )


def symbols(**more: Any):
    """How a text becomes symbols: by characters, all of them, where nothing else is said."""
    from riverrun.config.resolved import Symbols

    given = {"unit": "char", "lower": False, "normalize": "none", "min_count": 1, "unknown": "spell"}
    bound = {"max_vocabulary": 4096} if more.get("unit") == "bpe" else {}
    return Symbols(**(given | bound | more))


def tokenizer(texts: Iterable[str], **more: Any):
    """A tokenizer learned from texts."""
    from riverrun.text.tokenizer_training import train_tokenizer

    return train_tokenizer(symbols(**more), texts)


def request(corpus: Path, output: Path, **more: Any):
    """A request for a run of 12 steps; ``model__hidden=4`` stands for ``model.hidden = 4``."""
    from riverrun.config.building import build_settings
    from riverrun.training.run import Request

    flags = {name: more.pop(name) for name in ("resume", "overwrite", "base") if name in more}
    dotted = {name.replace("__", "."): value for name, value in more.items()}
    idle = {"training.chunk"} if dotted.get("data.reading") == "windows" else set()
    idle |= {"model.embedding"} if dotted.get("model.input") == "one-hot" else set()
    if corpus.suffix == ".tsv":
        idle = {"training.chunk", "training.preview_temperatures"}
    if not any(name.startswith("budget.") for name in dotted):
        dotted["budget.steps"] = 12
    settings = {name: value for name, value in SETTINGS.items() if name not in idle}
    return Request((str(corpus),), output, build_settings(settings, dotted), **flags)


def events(
    corpus: Path, output: Path, should_stop: Callable[[], bool] = lambda: False, **more: Any
) -> Iterator:
    """The events of such a run, as they happen."""
    return run_request(request(corpus, output, **more), should_stop)


def run_request(wanted: Any, should_stop: Callable[[], bool] = lambda: False) -> Iterator:
    """The events of any run."""
    from riverrun.training.clock import Clock
    from riverrun.training.run import run

    return run(wanted, Clock(), should_stop)


def train(corpus: Path, output: Path, **more: Any) -> list:
    """All events of such a run."""
    return list(events(corpus, output, **more))


def kill_after(count: int, corpus: Path, output: Path, **more: Any) -> None:
    """Leave a run after ``count`` events, as a kill would: nothing that follows is done."""
    with contextlib.closing(events(corpus, output, **more)) as happening:
        for _ in itertools.islice(happening, count):
            pass


def weights(output: Path) -> bytes:
    """The published weights, byte by byte."""
    return (output / "model.safetensors").read_bytes()


def losses(output: Path) -> list[dict[str, Any]]:
    """The journal without what a clock says."""
    from riverrun.training.journal import read_lines

    timed = ("seconds", "tokens_per_second")
    kept = ("progress", "evaluated", "stopped")
    lines = [line for line in read_lines(output / "metrics.jsonl") if line["event"] in kept]
    return [{name: value for name, value in line.items() if name not in timed} for line in lines]
