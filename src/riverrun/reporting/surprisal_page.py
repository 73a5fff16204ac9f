"""A page that shows a text coloured by surprisal: no scripts, no outside files."""

import html
from pathlib import Path

from riverrun.api import Score
from riverrun.data.cache import write_atomically
from riverrun.errors import OutputError

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Surprisal: {model}</title>
<style>
body {{ font: 16px/1.6 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #222; }}
p.text {{ white-space: pre-wrap; font-family: ui-monospace, monospace; font-size: 14px; }}
.key span {{ padding: 0 .6em; }}
table {{ border-collapse: collapse; }} td {{ padding: 0 1em 0 0; }}
</style></head><body>
<h1>Surprisal under {model}</h1>
<table>{rows}</table>
<p class="key">bits: {key}</p>
<p class="text">{text}</p>
</body></html>
"""
_DARKEST = 10.0  # bits


def write_page(path: Path, score: Score, model: str) -> None:
    """Write the page; raises OutputError."""
    try:
        write_atomically(path, page(score, model).encode("utf-8", "replace"))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def page(score: Score, model: str) -> str:
    """The page as HTML; a token's surprisal is shown when the pointer rests on it."""
    rows = "".join(
        f"<tr><td>{name.replace('_', ' ')}</td><td>{value:,.4g}</td></tr>"
        for name, value in score.likelihood.to_dict().items()
        if value is not None
    )
    key = "".join(f'<span style="{_style(bits)}">{bits}</span>' for bits in (0, 1, 2, 4, 6, 8, 10))
    return _PAGE.format(model=html.escape(model), rows=rows, key=key, text=coloured(score))


def coloured(score: Score) -> str:
    """The text as HTML, every token on a ground as dark as it is surprising."""
    return "".join(
        f'<span title="{token.surprisal_bits:.2f} bits" style="{_style(token.surprisal_bits)}">'
        f"{_visible(token.text)}</span>"
        if token.surprisal_bits is not None
        else f'<s title="left out">{_visible(token.text)}</s>'
        for token in score.token_scores
    )


def _style(bits: float) -> str:
    share = min(max(bits, 0.0) / _DARKEST, 1.0)
    return f"background:rgba(214,73,51,{share:.2f})"


def _visible(text: str) -> str:
    """A surprising line break is marked, so that its colour can be seen."""
    return html.escape(text).replace("\n", "↵\n")
