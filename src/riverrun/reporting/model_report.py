"""The page of a model: what it is and how good, curves, samples; of a language model what it copies and the surprisal
of a held-out passage, of a translator what it makes of held-out pairs and where it looked.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.held_out import TextSplit
from riverrun.data.reading_settings import Reading
from riverrun.data.repeats import repeats
from riverrun.errors import CorpusError
from riverrun.language_model import TrainedLanguageModel
from riverrun.reporting import html_page
from riverrun.reporting.copying_section import copying_section
from riverrun.reporting.curves import chart, smoothed
from riverrun.reporting.held_out_section import held_out_section
from riverrun.reporting.history import History, read_history
from riverrun.reporting.noted_texts import GONE, noted_split, noted_validation, training_corpus
from riverrun.reporting.opening import Model, opening
from riverrun.reporting.surprisal_page import coloured
from riverrun.trained import by_section
from riverrun.translator import TrainedTranslator

PASSAGE_LENGTH = 1500  # characters


def write_model_report(
    model: Model, output: Path, text: str | None = None, tell: Callable[[str], None] = lambda message: None
) -> Path:
    """Write the page, complete in one file.

    Args:
        model: a trained language model, translator or tagger.
        output: the page.
        text: its training text or pairs, where they are no longer where they were.
        tell: is told what is being done.

    Raises:
        CorpusError: the text given is not the model's.
        OutputError: the page cannot be written.
    """
    history = read_history(model.path)
    tell("reading the training text")
    corpus, missing = training_text(model, text)
    parts = [*opening(model, history), _curves(model, history), _samples_section(model, history)]
    if corpus is None:
        parts.append(html_page.section("What needs the training text", html_page.paragraph(missing)))
    elif isinstance(model, TrainedTranslator):
        tell("translating held-out pairs")
        parts.append(held_out_section(model, corpus))
    else:
        parts += _text_sections(model, corpus, tell)
    parts.append(html_page.folded("Facts", html_page.table(("", ""), _facts(model))))
    parts.append(html_page.folded("Settings", html_page.table(("setting", "value"), _settings(model))))
    return html_page.write(output, f"riverrun model {model.path.resolve().name}", parts)


def training_text(model: Model, text: str | None) -> tuple[Corpus | None, str]:
    """The corpus a model was trained on, or None and why it is not there."""
    sha256 = model.facts.get("corpus", {}).get("sha256")
    if text is not None:
        corpus = open_corpus([text], _reading(model))
        if corpus.digest != sha256:
            raise CorpusError(f"{text} is not the text that {model.path} was trained on (its sha256 differs)")
        return corpus, ""
    if (found := training_corpus(model.path, model.facts, _reading(model))) is None:
        return (
            None,
            "The training text is not where it was, or has changed, or is no plain file: give it with --text.",
        )
    return found, ""


def _reading(model: Model) -> Reading:
    """How files become text for a model; files of pairs are read as they stand."""
    return Reading() if isinstance(model, TrainedTranslator) else model.reading


def _curves(model: Model, history: History) -> str:
    """Training loss, smoothed, beside held-out loss; and why they are not to be compared."""
    settings = by_section(model.settings)
    raised = [
        f"{name} ({settings[section][key]:g})"
        for section, key, name in (
            ("model", "dropout", "dropout"),
            ("training", "label_smoothing", "label smoothing"),
        )
        if settings[section].get(key)
    ]
    about = "Held-out loss is what counts: where it rises while the training loss falls, text is learned by heart."
    if raised:
        about += f" The training loss is measured with {' and '.join(raised)}, which raise it: only its course tells."
    lines = {"training": smoothed(history.training_loss), "held out": history.held_out_loss}
    shown = chart({name: line for name, line in lines.items() if line}, "seconds", "nats per symbol")
    return html_page.section("Loss against time", shown, html_page.paragraph(about, "quiet"))


def _samples_section(model: Model, history: History) -> str:
    if isinstance(model, TrainedTranslator):
        return html_page.section(
            "Samples by step", html_page.translations_by_step(history.samples, history.epochs)
        )
    return html_page.section(
        "Samples by step and temperature", html_page.samples_grid(history.samples, history.epochs)
    )


def _text_sections(model: TrainedLanguageModel, corpus: Corpus, tell: Callable[[str], None]) -> list[str]:
    """What of a model's texts is copied, and the first held-out passage, coloured."""
    validation = noted_validation(model.path, model.settings.data.validation)
    if (split := noted_split(corpus, model.facts, validation, model.reading)) is None:
        return [html_page.section("Held-out text", html_page.paragraph(f"It cannot be read. {GONE}"))]
    tell("writing samples and comparing them with the training text")
    copied = copying_section(model, split)
    if not split.held_out.characters:
        return [copied]
    tell("scoring a held-out passage")
    return [copied, _held_out_passage(model, split)]


def _held_out_passage(model: TrainedLanguageModel, split: TextSplit) -> str:
    part = split.held_out
    score = model.score("".join(part.corpus.texts(part.start, min(part.stop, part.start + PASSAGE_LENGTH))))
    figure, characters = score.bits_per_character, score.likelihood.characters
    kind = f"the file {split.file.name}" if split.file else "the end of the text"
    about = f"Held out was {kind}, {part.characters:,} characters. The first {characters:,} of them: " + (
        score.likelihood.counts.caveat if figure is None else f"{figure:.3f} bits per character"
    )
    leaked = repeats(part.texts(), split.training.texts())
    known = ""
    if leaked.repeated_lines:
        known = (
            f" {leaked.repeated_lines:,} of {leaked.lines:,} held-out lines ({leaked.share:.0%}) stand in the training "
            "text too."
        )
    return html_page.section(
        "Surprisal of a held-out passage", html_page.paragraph(f"{about}.{known}"), *coloured(score)
    )


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
