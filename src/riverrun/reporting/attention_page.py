"""A page with one table for each translation: where in the source each output was read."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from riverrun.reporting import page
from riverrun.translated import AttentionMap, Translation
from riverrun.translator import TrainedTranslator


def write_page(path: Path, model: TrainedTranslator, translations: Sequence[Translation]) -> None:
    """Draw the best output of each translation; raises OutputError if the file cannot be written."""
    parts = [page.paragraph(f"Model {model.path.name}. {ABOUT}"), *tables(model, translations)]
    page.write(path, "Where each output was read", parts)


ABOUT = (
    "Rows are outputs, columns the source, both closed by a mark for the end; the darker, the more attention."
)


def tables(model: TrainedTranslator, translations: Sequence[Translation]) -> Iterator[str]:
    """A heading and a table for the best output of each translation."""
    pairs = [(each.source, each.outputs[0].text) for each in translations if each.outputs]
    for (source, target), attention in zip(pairs, model.attention(pairs), strict=True):
        yield f"<h3>{escape(source)} → {escape(target)}</h3>\n{table(attention)}"


def table(attention: AttentionMap) -> str:
    """One HTML table; the weight of a cell is its colour and its title."""
    if attention.weights is None:
        return page.paragraph("This model has no attention: it reads the whole source first.")
    head = "".join(f"<th>{_shown(symbol)}</th>" for symbol in attention.source)
    rows = "".join(
        f"<tr><th>{_shown(symbol)}</th>{''.join(map(_cell, row))}</tr>\n"
        for symbol, row in zip(attention.output, attention.weights.tolist(), strict=True)
    )
    return (
        f'<div class="scroll"><table class="attention"><thead><tr><th></th>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def _shown(symbol: str) -> str:
    """A symbol that can be seen: the end is a square, a blank a low bracket."""
    return escape(symbol).replace(" ", "␣") or "∎"


def _cell(weight: float) -> str:
    return f'<td title="{weight:.3f}" style="background: rgba(20, 80, 160, {weight:.3f})"></td>'
