"""How good a model is, in words: its held-out figures beside what simple means reach, and what to try next."""

import math
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from riverrun.data.reading_settings import Reading
from riverrun.errors import visible
from riverrun.evaluation.yardsticks import Yardsticks, yardsticks
from riverrun.language_model import TrainedLanguageModel
from riverrun.reporting.history import History, read_history
from riverrun.reporting.noted_texts import noted_inputs, noted_split, noted_validation, training_corpus
from riverrun.translator import TrainedTranslator

Model = TrainedLanguageModel | TrainedTranslator

_LEARNED = 1_000_000  # characters counted, before those held out
_MEASURED = 100_000  # of those held out
_LARGEST = 50_000_000  # a text of more is not read again for a look at a model
_WORSE = 1.01  # a loss so many times the best one is not noise


class Held(NamedTuple):
    """The text that a figure stands on, and what simple means reach on it."""

    characters: int
    simple: Yardsticks


def compared(model: TrainedLanguageModel, validation: float | str) -> Held | None:
    """Simple means on the text that was held out; None where it is not at hand as it was."""
    facts, reading = model.facts, Reading.of(model.settings.data)
    if facts.get("corpus", {}).get("characters", math.inf) > _LARGEST:
        return None
    if (corpus := training_corpus(model.path, facts, reading)) is None:
        return None
    if (split := noted_split(corpus, facts, noted_validation(model.path, validation), reading)) is None:
        return None
    before, after = split.training, split.held_out
    normal = model.tokenizer.normalizer
    learned = normal("".join(corpus.texts(max(before.start, before.stop - _LEARNED), before.stop)))
    held_out = normal("".join(after.corpus.texts(after.start, min(after.stop, after.start + _MEASURED))))
    if not learned or not held_out:
        return None
    return Held(len(held_out), yardsticks(learned, held_out))


def verdict(bits: float, simple: Yardsticks) -> str:
    """A figure of a language model against the simple means."""
    best = min(simple.context, simple.zlib)
    if bits >= simple.single:
        return "counting single characters does as well: it has hardly begun to learn"
    if bits >= best:
        return "simple counts or zlib do as well: it needs more time or more text"
    saved = 1 - bits / best
    if saved < 0.1:
        return f"{saved:.0%} better than the best of these: it knows words; more time or text makes sentences"
    return f"{saved:.0%} better than the best of these, which is good"


def usual(unit: str) -> str:
    """What models of a language's text usually reach."""
    others = "" if unit == "char" else f" (whatever the symbol: here it is the {unit})"
    return (
        f"for English prose 2.2 bits per character{others} is usual after some minutes, below 2 is good, and 1.9 is "
        "what the best compressors need for a single novel"
    )


def next_steps(model: Model) -> Iterator[tuple[str, str]]:
    """Commands to try, the most useful first, each with the reason."""
    history, facts, name = read_history(model.path), model.facts, shlex.quote(str(model.path))
    if facts.get("reason") == "interrupted":
        yield f"riverrun train -o {name} --resume", "it was stopped; this goes on"
    yield from _better(history, facts, f"riverrun train {_corpus(model.path)} -o {name} --overwrite")
    if isinstance(model, TrainedTranslator):
        yield f'riverrun translate {name} "..."', "an output for a text of yours"
    else:
        yield f"riverrun generate {name} --temperature 0.7", "what it writes"
        yield f"riverrun score {name} FILE", "which parts of a text surprise it"
    yield f"riverrun report {name}", "a page with curves and samples"


def _better(history: History, facts: dict[str, Any], again: str) -> Iterator[tuple[str, str]]:
    """What may make it better, judged by how its run went."""
    if not history.evaluations or facts.get("reason") == "interrupted":
        return
    losses = [event["nats_per_token"] for event in history.evaluations]
    epochs, minutes = history.evaluations[-1]["epoch"], facts.get("seconds", 0.0) / 60
    if epochs < 1:
        yield f"{again} --minutes {_more(minutes)}", f"it has read only {epochs:.0%} of its text"
    elif losses[-1] > _WORSE * min(losses):
        yield (
            f"{again} --model.dropout 0.3",
            "it got worse in the end: it was learning by heart; more text helps most",
        )
    elif losses[-1] == min(losses):
        yield f"{again} --minutes {_more(minutes)}", "it was still getting better at the end"


def _more(minutes: float) -> str:
    return f"{max(1, math.ceil(3 * minutes))}"


def _corpus(path: Path) -> str:
    inputs = noted_inputs(path)
    return visible(shlex.join(inputs)) if 0 < len(inputs) < 4 and "-" not in inputs else "CORPUS..."
