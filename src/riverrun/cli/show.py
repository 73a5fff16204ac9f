"""``riverrun show``: what a model is, how good it is, what to try next."""

import argparse
import math
import textwrap
from typing import TYPE_CHECKING, Any

from riverrun.cli.parsing import Parser
from riverrun.cli.standard_output import print_json
from riverrun.errors import visible

if TYPE_CHECKING:
    from riverrun.language_model import TrainedLanguageModel
    from riverrun.translator import TrainedTranslator

_WIDTH = 110
_COLUMN = 12
_SHOWN = (
    *("text.unit", "text.lower", "data.source_unit", "data.target_unit", "data.validation", "model.core"),
    *("model.attention", "model.embedding", "model.hidden", "model.layers", "model.dropout", "model.members"),
    *("training.optimizer", "training.learning_rate", "training.batch", "training.chunk", "training.seed"),
)


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object, with every setting and fact"
    )


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load
    from riverrun.reporting.standing import next_steps
    from riverrun.trained import by_section

    model = load(options.model)
    settings = by_section(model.settings)
    if options.json:
        print_json(
            {
                "model": str(options.model),
                "parameters": model.parameters,
                "vocabulary": _vocabulary(model),
                "facts": model.facts,
                "settings": settings,
            }
        )
        return 0
    print(visible(str(options.model)))
    for label, text in _rows(model, settings):
        print(_wrapped(label, visible(text)))
    for label, (command, reason) in zip(("next", *[""] * 9), next_steps(model), strict=False):
        print(visible(f"  {label:{_COLUMN}}{command}   # {reason}"))
    return 0


def _rows(model: "TrainedLanguageModel | TrainedTranslator", settings: dict[str, Any]):
    """What is said, each with a word for the margin."""
    yield "what", _what(model, settings)
    yield "learned", _learned(model)
    yield from _quality(model, settings)
    flat = {
        f"{section}.{key}": value for section, values in settings.items() for key, value in values.items()
    }
    chosen = ", ".join(f"{key} {_value(flat[key])}" for key in _SHOWN if key in flat)
    yield "settings", f"{chosen} (all: riverrun show {model.path} --json)"


def _what(model: "TrainedLanguageModel | TrainedTranslator", settings: dict[str, Any]) -> str:
    shape, facts = settings.get("model", {}), model.facts
    network = (
        f"{shape.get('core', 'network').upper()} {shape.get('layers', '?')} x {shape.get('hidden', '?')}"
    )
    unit = f" of {facts['unit']}" if "unit" in facts else ""
    return (
        f"a {facts.get('kind', 'model')}{unit}, {_vocabulary(model):,} different symbols; {network}, "
        f"{model.parameters:,} weights"
    )


def _learned(model: "TrainedLanguageModel | TrainedTranslator") -> str:
    from riverrun.progress.wording import duration
    from riverrun.reporting.history import read_history

    facts, evaluations = model.facts, read_history(model.path).evaluations
    corpus, since = facts.get("corpus", {}), facts.get("adapted")
    passes = f", {evaluations[-1]['epoch']:.2f} epochs (passes over it)" if evaluations else ""
    steps = f"{facts['steps']:,} steps" if "steps" in facts else "unknown steps"
    return (
        f"{textwrap.shorten(str(corpus.get('name', 'an unknown text')), 70)} ({corpus.get('characters', 0):,} "
        f"characters) in {duration(facts.get('seconds', 0.0))}: {steps}{passes}; {facts.get('reason', '')}"
        + "".join(
            f"; before that {ancestor.get('name', 'a model')} ({ancestor.get('corpus', 'an unknown text')})"
            for ancestor in reversed(facts.get("lineage", []))
        )
        + (f"; then it went on learning from {since.get('name', 'another text')}" if since else "")
    )


def _quality(model: "TrainedLanguageModel | TrainedTranslator", settings: dict[str, Any]):
    from riverrun.reporting.standing import compared, usual, verdict
    from riverrun.translator import TrainedTranslator

    figures = {
        name.removeprefix("validation_"): value
        for name, value in model.facts.items()
        if name.startswith("validation_") and _is_measured(value)
    }
    validation = settings.get("data", {}).get("validation", 0.1)
    if not figures or (model.facts.get("best_step") or 0) < 0:
        if "adapted" in model.facts:
            why = "it went on learning; riverrun evaluate MODEL TEXT tells of a text that it has not read"
        elif validation == "none":
            why = "nothing was held out"
        else:
            why = "it was stopped before what is held out was scored"
        yield "how good", f"not measured: {why}"
        return
    held_out = validation if isinstance(validation, str) else f"{validation:.0%} of it, held out"
    said = ", ".join(f"{value:.4f} {name.replace('_', ' ')}" for name, value in figures.items())
    yield "how good", f"{said}: on text it has not learned from ({held_out})"
    if isinstance(model, TrainedTranslator):
        yield "", _TRANSLATORS
        return
    if (bits := figures.get("bits_per_character")) is None:
        return
    if (held := compared(model, validation)) is not None:
        simple = held.simple
        yield (
            "compare",
            f"what others need for {held.characters:,} characters of the same text: counts of single characters "
            f"{simple.single:.2f} bits per character, counts after the three before {simple.context:.2f}, zlib "
            f"{simple.zlib:.2f}",
        )
        yield "", verdict(bits, simple)
    yield "", f"the fewer bits the better: {usual(str(model.facts.get('unit', 'char')))}"


_TRANSLATORS = (
    "exact match is the share of held-out sources answered without a fault (1 is best), symbol error rate the faults "
    "for each symbol wanted (0 is best). Sums and dates reach 0.99, pronunciation 0.8 to 0.9; sentences are hardly "
    "ever equal to the reference: there riverrun evaluate gives BLEU and chrF, and above 25 BLEU a text can be followed"
)


def _vocabulary(model: "TrainedLanguageModel | TrainedTranslator") -> int:
    """Symbols it can write."""
    from riverrun.translator import TrainedTranslator

    return model.target.size if isinstance(model, TrainedTranslator) else model.tokenizer.size


def _is_measured(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(label: str, text: str) -> str:
    margin = " " * (_COLUMN + 2)
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"  {label:{_COLUMN}}",
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
