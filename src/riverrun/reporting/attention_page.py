"""A page with one table for each translation: where in the source each output was read."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from riverrun.reporting import html_page
from riverrun.translated import AttentionMap, Translation
from riverrun.translator import TrainedTranslator


def write_attention_page(path: Path, model: TrainedTranslator, translations: Sequence[Translation]) -> None:
    """Draw the best output of each translation; raises OutputError if the file cannot be written."""
    parts = [html_page.paragraph(f"Model {model.path.name}. {ABOUT}"), key(), *tables(model, translations)]
    html_page.write(path, "Where each output was read", parts)


ABOUT = (
    "Rows are outputs, columns the source, both closed by a mark for the end (∎). The darker a cell, the more of its "
    "attention the output gave to that place; numbers are hundredths of it, from 5 on."
)
_WRITTEN_FROM = 0.05  # weights in numbers
_DARK = 0.55  # weights on whose ground ink is not read


def tables(model: TrainedTranslator, translations: Sequence[Translation]) -> Iterator[str]:
    """A heading and a table for the best output of each translation."""
    pairs = [(each.source, each.outputs[0].text) for each in translations if each.outputs]
    for (source, target), attention in zip(pairs, model.attention(pairs), strict=True):
        yield f"<h3>{escape(source)} → {escape(target)}</h3>\n{attention_table(attention)}"


def attention_table(attention: AttentionMap) -> str:
    """One HTML table; the weight of a cell is its colour, its number and its title. Blanks take little room."""
    if attention.weights is None:
        return html_page.paragraph("This model has no attention: it reads the whole source first.")
    blanks = [_is_blank(symbol) for symbol in attention.source]
    head = "".join(
        f"<th{_kind(blank)}>{_shown(s)}</th>" for s, blank in zip(attention.source, blanks, strict=True)
    )
    rows = "".join(
        f"<tr{_kind(_is_blank(symbol))}><th>{_shown(symbol)}</th>{''.join(map(_cell, row, blanks))}</tr>\n"
        for symbol, row in zip(attention.output, attention.weights.tolist(), strict=True)
    )
    return (
        f'<div class="scroll"><table class="attention"><thead><tr><th></th>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def key() -> str:
    """What the shades stand for."""
    shades = "".join(f'<b{_kind(False, n / 4)} style="{_ground(n / 4)}">{n / 4:g}</b>' for n in range(5))
    return f'<p class="key">share of attention: {shades}</p>'


def _shown(symbol: str) -> str:
    """A symbol that can be seen: the end is a square, a blank a low bracket."""
    return escape(symbol).replace(" ", "␣") or "∎"


def _is_blank(symbol: str) -> bool:
    return symbol.isspace()


def _kind(blank: bool, weight: float = 0.0) -> str:
    kinds = " ".join(("blank",) * blank + ("dark",) * (weight > _DARK))
    return f' class="{kinds}"' if kinds else ""


def _ground(weight: float) -> str:
    return f"background: rgba(var(--look), {weight:.3f})"


def _cell(weight: float, blank: bool) -> str:
    number = f"{100 * weight:.0f}" if weight >= _WRITTEN_FROM and not blank else ""
    return f'<td{_kind(blank, weight)} title="{weight:.3f}" style="{_ground(weight)}">{number}</td>'
