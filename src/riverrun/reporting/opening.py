"""What stands first on a model's page: what it is, how good, and its best sample."""

from typing import Any

from riverrun.language_model import TrainedLanguageModel
from riverrun.reporting import html_page
from riverrun.reporting.history import History
from riverrun.translator import TrainedTranslator

_LIKED = "temperature 0.5"  # of the samples, the one shown first

Model = TrainedLanguageModel | TrainedTranslator


def opening(model: Model, history: History) -> list[str]:
    """Sentences about a model and the best sample of the step that its weights are from."""
    parts = [html_page.paragraph(_what(model, history), "lead"), html_page.paragraph(_how_good(model.facts))]
    best = [sample for sample in history.samples if sample["step"] == model.facts.get("best_step")]
    chosen = next((sample for sample in best if sample["label"] == _LIKED), best[0] if best else None)
    if chosen is None:
        return parts
    if isinstance(model, TrainedTranslator):
        wanted = chosen["label"].removeprefix("wanted ")
        about = f"A held-out source, and what it makes of it; wanted was {wanted}:"
        return [
            *parts,
            html_page.paragraph(about),
            html_page.quotation(chosen["text"], f"{chosen['prompt']} → "),
        ]
    about = f"At {chosen['label']}, going on from the text in grey, it writes:"
    return [*parts, html_page.paragraph(about), html_page.quotation(chosen["text"], chosen["prompt"])]


def _what(model: Model, history: History) -> str:
    facts = model.facts
    corpus = facts.get("corpus", {})
    sides = (model.source, model.target) if isinstance(model, TrainedTranslator) else (model.tokenizer,)
    symbols = " and ".join(f"{side.size:,}" for side in sides)
    passes = f" in {_number(history.evaluations[-1]['epoch'])} passes" if history.evaluations else ""
    return (
        f"A {facts.get('kind', 'model')} of {model.parameters:,} weights over {symbols} symbols "
        f"({facts.get('unit', '')}), trained on {corpus.get('name', 'a text')} "
        f"({corpus.get('characters', 0):,} characters){passes}, {facts.get('steps', 0):,} steps, "
        f"{facts.get('seconds', 0.0):,.0f} seconds."
    )


def _how_good(facts: dict[str, Any]) -> str:
    """The held-out figures, and that they chose the weights."""
    named = {
        "validation_bits_per_character": "{:.3f} bits per character",
        "validation_exact_match": "{:.1%} of outputs right as a whole",
        "validation_symbol_error_rate": "{:.3f} wrong symbols for each wanted one",
        "validation_nats_per_token": "{:.3f} nats per symbol",
        "validation_unknown_share": "{:.1%} of the symbols unknown",
    }
    figures = [form.format(facts[name]) for name, form in named.items() if isinstance(facts.get(name), float)]
    if not figures:
        return "It was not measured on held-out text."
    return (
        f"On held-out text: {', '.join(figures)}. These chose which step's weights were kept "
        f"(step {facts.get('best_step', 0):,}), so for other text of the kind expect a little less."
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
