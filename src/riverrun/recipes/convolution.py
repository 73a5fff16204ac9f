"""Causal convolution, the tutorials' named alternative, beside LSTM and GRU on the same text and budget."""

import time
from pathlib import Path

from riverrun.bundle.names import METRICS
from riverrun.recipes.recipe import Experiment, Figures, Point, Recipe

_POINTS = (
    Point("nats per token"),
    Point("training characters/s"),
    Point("generation characters/s"),
)


def speeds(folder: Path) -> Figures:
    """Characters a second: the median of the run's reports, and a text of 4,000 written after a warm-up."""
    import statistics

    from riverrun.api import load_language_model
    from riverrun.training.journal import read_lines

    lines = read_lines(folder / METRICS)
    paces = [line["tokens_per_second"] for line in lines if line["event"] == "progress"]
    model = load_language_model(folder)
    model.generate(length=100, seed=0)
    began = time.perf_counter()
    model.generate(length=4000, seed=0)
    return {
        "training characters/s": statistics.median(paces),
        "generation characters/s": 4000 / (time.perf_counter() - began),
    }


RECIPE = Recipe(
    "convolution",
    "causal convolution beside LSTM and GRU on Nietzsche, one minute each",
    "F. Chollet, Deep Learning with Python, 2018, section 6.4; A. van den Oord et al., WaveNet, 2016",
    "The tutorials name convolution as the fast alternative to recurrence and give no figure for text. Here: the "
    "same text and time for each, our defaults otherwise. A convolution computes all steps of a chunk at once in "
    "training, but in generation it must, like the others, go one character at a time.",
    tuple(
        Experiment(
            core,
            "nietzsche.txt",
            {"text.lower": True, "model.core": core},
            minutes=1,
            points=_POINTS,
            measure=speeds,
            note=f"{core}, our defaults for one minute",
        )
        for core in ("lstm", "gru", "conv")
    ),
)
