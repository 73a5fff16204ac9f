"""A part of a language model's page: what of its texts stands in the training text."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from riverrun.api import TrainedLanguageModel
from riverrun.data.held_out import TextSplit
from riverrun.data.ids import IdFile, encode_corpus
from riverrun.data.repeats import Repeats, repeats
from riverrun.evaluation.copying import NGRAMS, Copying, copying
from riverrun.reporting import html_page
from riverrun.text import Tokenizer

SAMPLE_LENGTH = 2000  # symbols written at each temperature to look for copies
_AT_ONCE = 1 << 20  # ids of the training text
_SHOWN = 300  # characters of a copied stretch
_NEW = 8  # symbols of the stretches that the sentences speak of


class Copies(NamedTuple):
    """What of a sample stands in the training text: the longest stretch, as text; the measures; whole lines."""

    stretch: str
    measures: Copying
    lines: Repeats


def copying_section(model: TrainedLanguageModel, split: TextSplit) -> str:
    """Sentences for each temperature of the run's samples, and the table of new n-grams, folded away."""
    temperatures = tuple(model.settings.training.preview_temperatures) or (1.0,)
    found = copies_by_temperature(model, split, temperatures)
    about = (
        f"Of {SAMPLE_LENGTH:,} symbols written at each temperature: the longest stretch that stands in the training "
        "text word for word, whole lines that stand in it, and stretches that do not."
    )
    header = ("temperature", "longest copied", *(f"new {n}-grams" for n in NGRAMS))
    return html_page.section(
        "Copying",
        html_page.paragraph(about),
        *(html_page.paragraph(_in_words(temperature, each)) for temperature, each in found.items()),
        html_page.folded("Shares of new stretches", html_page.table(header, _rows(found))),
        *_without_memory(model, split, temperatures, header),
    )


def _without_memory(
    model: TrainedLanguageModel, split: TextSplit, temperatures: tuple[float, ...], header: tuple[str, ...]
) -> list[str]:
    """The same of the network alone, where the model has a memory: what that quotes."""
    if "memory" not in model.facts:
        return []
    found = copies_by_temperature(model, split, temperatures, memory=0.0)
    longest = ", ".join(f"{each.measures.longest:,} at {t:g}" for t, each in found.items())
    about = (
        f"The model remembers what it read word for word, and quotes it. Without that (--memory 0) the longest "
        f"stretches have: {longest} symbols."
    )
    table = html_page.folded(
        "Shares of new stretches without the memory", html_page.table(header, _rows(found))
    )
    return [html_page.paragraph(about), table]


def copies_by_temperature(
    model: TrainedLanguageModel, split: TextSplit, temperatures: tuple[float, ...], memory: float = 1.0
) -> dict[float, Copies]:
    """A sample at each temperature, with a share of the memory, compared with the training text."""
    tokenizer, part = model.tokenizer, split.training
    training = encode_corpus(part.corpus, tokenizer, part.start, part.stop)
    blanks = _blanks(tokenizer)
    found = {}
    for temperature in temperatures:
        text = model.generate(length=SAMPLE_LENGTH, temperature=temperature, seed=0, memory=memory)
        ids = tokenizer.encode(text)
        measures = copying(ids, lambda: _pieces(training), blanks)
        whole_lines = text[: text.rfind("\n") + 1]
        lines = repeats([whole_lines], map(tokenizer.normalizer, part.texts()))
        found[temperature] = Copies(tokenizer.decode(ids[measures.place : measures.end]), measures, lines)
    return found


def _pieces(training: IdFile) -> Iterator[np.ndarray]:
    for start in range(0, training.length, _AT_ONCE):
        yield training.read(start, min(start + _AT_ONCE, training.length))


def _blanks(tokenizer: Tokenizer) -> set[int]:
    """Ids of symbols that are nothing but blanks."""
    blanks = (" ", "\n", "\t", "\r", "\u00a0", "\u3000")
    return {
        int(ids[0])
        for blank in blanks
        if not tokenizer.unseen(blank) and len(ids := tokenizer.encode(blank)) == 1
    }


def _in_words(temperature: float, copies: Copies) -> str:
    measures, lines = copies.measures, copies.lines
    if not measures.longest:
        return f"Temperature {temperature:g}: nothing but blanks, or symbols that the training text does not have."
    stretch = " ".join(copies.stretch.split())
    shown = stretch if len(stretch) <= _SHOWN else f"{stretch[:_SHOWN]}..."
    sentences = [
        f"Temperature {temperature:g}: the longest stretch it took over has {measures.longest:,} symbols, blanks not "
        f"counted: “{shown}”."
    ]
    if lines.lines:
        sentences.append(
            f"Of its {lines.lines:,} whole lines {lines.repeated_lines:,} ({lines.share:.0%}) stand in the training "
            "text."
        )
    if _NEW in measures.new:
        sentences.append(f"{measures.new[_NEW]:.0%} of its stretches of {_NEW} symbols are new.")
    return " ".join(sentences)


def _rows(found: dict[float, Copies]) -> list[tuple[str, ...]]:
    return [(f"{t:g}", f"{each.measures.longest}", *_shares(each.measures)) for t, each in found.items()]


def _shares(measures: Copying) -> list[str]:
    return [f"{measures.new[n]:.1%}" if n in measures.new else "" for n in NGRAMS]
