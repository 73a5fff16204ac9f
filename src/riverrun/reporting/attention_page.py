"""A self-contained page with one table for each translation: where in the source each output was read."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from riverrun.data.cache import write_atomically
from riverrun.translator import Attention, TrainedTranslator, Translation

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 2rem; }
th { font-weight: 500; padding: .1rem .45rem; text-align: center; }
tbody th { text-align: right; }
td { width: 1.6rem; height: 1.6rem; border: 1px solid #eee; }
p.none { color: #777; }
"""


def write_page(path: Path, model: TrainedTranslator, translations: Sequence[Translation]) -> None:
    """Draw the best output of each translation; raises OutputError if the file cannot be written."""
    from riverrun.errors import OutputError

    pairs = [(each.source, each.outputs[0].text) for each in translations if each.outputs]
    tables = [
        f"<h2>{escape(source)} → {escape(target)}</h2>\n{table(attention)}"
        for (source, target), attention in zip(pairs, model.attention(pairs), strict=True)
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Attention</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>Where each output was read</h1>\n"
        f"<p>Rows are outputs, columns the source; the darker, the more attention (model {escape(model.path.name)})."
        f"</p>\n{''.join(tables)}</body></html>\n"
    )
    try:
        write_atomically(path, page.encode("utf-8"))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def table(attention: Attention) -> str:
    """One HTML table; the weight of a cell is its colour and its title."""
    if attention.weights is None:
        return '<p class="none">This model has no attention: it reads the whole source first.</p>\n'
    head = "".join(f"<th>{escape(symbol) or '&#8718;'}</th>" for symbol in attention.source)
    rows = "".join(
        f"<tr><th>{escape(symbol) or '&#8718;'}</th>{''.join(_cell(weight) for weight in row)}</tr>\n"
        for symbol, row in zip(attention.output, attention.weights.tolist(), strict=True)
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead>\n<tbody>{rows}</tbody></table>\n"


def _cell(weight: float) -> str:
    return f'<td title="{weight:.3f}" style="background: rgba(20, 80, 160, {weight:.3f})"></td>'
