"""What fewer bits for each weight cost, in bits per character of text that the model has not learned from."""

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from riverrun.bundle import LanguageBundle, TranslatorBundle, read_bundle
from riverrun.data.corpus import open_corpus
from riverrun.data.pairs import Pair, open_pairs
from riverrun.language_model import TrainedLanguageModel
from riverrun.page.packing import rounded_arrays
from riverrun.reporting.held_out_section import held_out_pairs
from riverrun.reporting.model_report import training_text
from riverrun.translator import TrainedTranslator

CHARACTERS = 100_000  # measured at most: the third decimal no longer moves
PAIRS = 1000

Saved = TypeVar("Saved", LanguageBundle, TranslatorBundle)
Model = TypeVar("Model")
Text = TypeVar("Text", str, list[Pair])


def cost_of(path: Path, precision: str, text: str | None) -> str:
    """A sentence that says what a precision costs a model.

    Args:
        path: the model directory.
        precision: of its weights.
        text: a text, or pairs, to measure on; without one, what was held out, if it is still where it was.

    Raises:
        ModelError: the model cannot be read.
        CorpusError: the text given cannot be read.
    """
    if precision == "fp32" and text is None:
        return "these are the weights as trained"
    loaded = read_bundle(path)
    if isinstance(loaded, TranslatorBundle):
        found = _compared(loaded, precision, TrainedTranslator, partial(_pairs, text=text), _bits_of_pairs)
    else:
        loaded = replace(loaded, remembered=None)  # which a page leaves out
        found = _compared(loaded, precision, TrainedLanguageModel, partial(_passage, text=text), _bits)
    if found is None:
        what = "pairs" if isinstance(loaded, TranslatorBundle) else "text"
        return (
            f"what that costs was not measured: the held-out {what} is not there any more (give one with --text "
            "FILE)"
        )
    exact, coarse = found
    where = f"on {text}" if text is not None else "on the held-out text"
    return f"{where}: {coarse:.4f} bits per character, {exact:.4f} as trained ({round(coarse - exact, 4) + 0.0:+.4f})"


def _compared(
    loaded: Saved,
    precision: str,
    load: Callable[[Saved], Model],
    sample: Callable[[Model], Text],
    bits: Callable[[Model, Text], float],
) -> tuple[float, float] | None:
    """Bits per character of a model's sample with the weights as trained, and with coarser ones; None without one."""
    model = load(loaded)
    text = sample(model)
    if not text:
        return None
    rough = load(replace(loaded, weights=rounded_arrays(loaded.weights, precision)))
    return bits(model, text), bits(rough, text)


def _passage(model: TrainedLanguageModel, text: str | None) -> str:
    """The beginning of what was held out, or of a given text."""
    if text is not None:
        return "".join(open_corpus([text]).texts(0, CHARACTERS))
    corpus, _ = training_text(model, None)
    share = model.settings.data.validation
    if corpus is None:
        return ""
    if isinstance(share, str):
        return "".join(open_corpus([share]).texts(0, CHARACTERS)) if Path(share).exists() else ""
    start = int(corpus.characters * (1 - share))
    return "".join(corpus.texts(start, start + CHARACTERS))


def _pairs(model: TrainedTranslator, text: str | None) -> list[Pair]:
    if text is not None:
        return list(islice(open_pairs((text,), True).pairs(), PAIRS))
    corpus, _ = training_text(model, None)
    share = model.settings.data.validation
    if corpus is None or (isinstance(share, str) and not Path(share).exists()):
        return []
    return held_out_pairs(model, corpus)[:PAIRS]


def _bits(model: TrainedLanguageModel, passage: str) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unseen symbols are the same for both
        return model.score(passage).likelihood.nats / math.log(2) / len(passage)


def _bits_of_pairs(model: TrainedTranslator, pairs: Iterable[Pair]) -> float:
    """Bits per character of the targets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nats = -sum(model.score((pair.source, pair.target) for pair in pairs))
    return nats / math.log(2) / sum(len(pair.target) for pair in pairs)
