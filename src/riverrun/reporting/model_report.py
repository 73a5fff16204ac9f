"""The page of a model: settings, curves, samples; of a language model the surprisal of a held-out passage and what it
copies, of a translator what it makes of held-out pairs and where it looked.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from riverrun.api import TrainedLanguageModel, TrainedTranslator
from riverrun.bundle.writing import writing
from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.held_out import TextSplit, split_text
from riverrun.errors import CorpusError
from riverrun.evaluation.copying import NGRAMS, Copying, copying
from riverrun.files import outgoing
from riverrun.reporting import page, pictures
from riverrun.reporting.held_out_section import held_out_section
from riverrun.reporting.history import History, read_history
from riverrun.reporting.noted_texts import training_corpus
from riverrun.reporting.surprisal_page import coloured
from riverrun.text.tokenizer import rebuffer
from riverrun.trained import by_section

SAMPLE_LENGTH = 2000  # symbols written at each temperature to look for copies
PASSAGE_LENGTH = 1500  # characters

Model = TrainedLanguageModel | TrainedTranslator


def write_report(model: Model, output: Path, text: str | None = None) -> Path:
    """Write the page, and its pictures as PNG beside it.

    Args:
        model: a trained language model, translator or tagger.
        output: the page.
        text: its training text or pairs, where they are no longer where they were.

    Raises:
        CorpusError: the text given is not the model's.
        OutputError: the page cannot be written.
    """
    history = read_history(model.path)
    corpus, missing = training_text(model, text)
    png = _loss(history)
    picture = output.with_name(f"{output.stem}-loss.png")
    with writing(picture):
        outgoing.write(picture, png)
    parts = [
        page.section("The model", page.table(("", ""), _facts(model))),
        page.section("Loss against time", page.picture(png, "loss against seconds")),
        _samples_section(model, history),
    ]
    if corpus is None:
        parts.append(page.section("What needs the training text", page.paragraph(missing)))
    elif isinstance(model, TrainedTranslator):
        parts.append(held_out_section(model, corpus))
    else:
        parts += [_copying_section(model, corpus, history), _surprisal_section(model, corpus)]
    parts.append(page.section("Settings", page.table(("setting", "value"), _settings(model))))
    return page.write(output, f"riverrun model {model.path.name}", parts)


def training_text(model: Model, text: str | None) -> tuple[Corpus | None, str]:
    """The corpus a model was trained on, or None and why it is not there."""
    sha256 = model.facts.get("corpus", {}).get("sha256")
    if text is not None:
        corpus = open_corpus([text])
        if corpus.digest != sha256:
            raise CorpusError(f"{text} is not the text that {model.path} was trained on (its sha256 differs)")
        return corpus, ""
    if (found := training_corpus(model.path, model.facts)) is None:
        return (
            None,
            "The training text is not where it was, or has changed, or is no plain file: give it with --text.",
        )
    return found, ""


def copying_by_temperature(
    model: TrainedLanguageModel, corpus: Corpus, temperatures: tuple[float, ...]
) -> dict[float, tuple[str, Copying]]:
    """A sample at each temperature: its longest copied stretch as text, and the measures."""
    tokenizer, split = model.tokenizer, _split(model, corpus)

    def training() -> Iterator[np.ndarray]:
        for piece in rebuffer(split.training.texts(), tokenizer.unit, tokenizer.normalizer):
            yield tokenizer.encode(piece)

    found = {}
    for temperature in temperatures:
        ids = tokenizer.encode(model.generate(length=SAMPLE_LENGTH, temperature=temperature, seed=0))
        result = copying(ids, training)
        found[temperature] = tokenizer.decode(ids[result.place : result.place + result.longest]), result
    return found


def _samples_section(model: Model, history: History) -> str:
    if isinstance(model, TrainedTranslator):
        return page.section("Samples by step", page.translations_by_step(history.samples, history.epochs))
    return page.section("Samples by step and temperature", page.samples_grid(history.samples, history.epochs))


def _copying_section(model: TrainedLanguageModel, corpus: Corpus, history: History) -> str:
    temperatures = model.settings.training.preview_temperatures or (1.0,)
    lines = [
        (
            f"{temperature:g}",
            f"{result.longest}",
            span,
            *(f"{result.new[n]:.1%}" if n in result.new else "" for n in NGRAMS),
        )
        for temperature, (span, result) in copying_by_temperature(model, corpus, temperatures).items()
    ]
    header = ("temperature", "longest copied", "it reads", *(f"new {n}-grams" for n in NGRAMS))
    about = (
        f"Of {SAMPLE_LENGTH:,} symbols at each temperature: the longest stretch that stands in the training text "
        "word for word, and the share of n-grams that do not stand in it."
    )
    return page.section("Copying", page.paragraph(about), page.table(header, lines))


def _surprisal_section(model: TrainedLanguageModel, corpus: Corpus) -> str:
    """The first held-out passage, coloured."""
    part = _split(model, corpus).held_out
    stop = min(part.stop, part.start + PASSAGE_LENGTH)
    score = model.score("".join(part.corpus.texts(part.start, stop)))
    about = f"The first held-out passage: {score.bits_per_character:.3f} bits per character."
    return page.section(
        "Surprisal of a held-out passage",
        page.paragraph(about),
        f'<p style="white-space:pre-wrap;font-family:monospace">{coloured(score)}</p>',
    )


def _split(model: TrainedLanguageModel, corpus: Corpus) -> TextSplit:
    return split_text(corpus, model.settings.data.validation)


def _loss(history: History) -> bytes:
    lines = {"training": history.training_loss, "held out": history.held_out_loss}
    return pictures.curves(lines, "seconds", "nats per token")


def _facts(model: Model) -> list[tuple[str, str]]:
    sides = (model.source, model.target) if isinstance(model, TrainedTranslator) else (model.tokenizer,)
    symbols = " and ".join(f"{side.size:,}" for side in sides)
    facts: dict[str, Any] = {"weights": f"{model.parameters:,}", "symbols": symbols}
    facts |= {name.replace("_", " "): value for name, value in model.facts.items() if name != "corpus"}
    corpus = model.facts.get("corpus", {})
    facts["corpus"] = f"{corpus.get('name')}, {corpus.get('characters', 0):,} characters"
    return [(name, f"{v:.4f}" if isinstance(v, float) else str(v)) for name, v in facts.items()]


def _settings(model: Model) -> list[tuple[str, str]]:
    return [
        (f"{section}.{key}", str(value))
        for section, values in by_section(model.settings).items()
        for key, value in values.items()
    ]
