"""A text coloured by surprisal: no scripts, no outside files."""

import html
import math
from collections.abc import Iterator
from pathlib import Path

from riverrun.api import Score
from riverrun.evaluation.surprisal import By, groups
from riverrun.reporting import html_page

_LEAST = 4.0  # bits that the darkest colour stands for, at least: a text without surprises stays pale
_SHADES = 5  # of the key, white not counted
_BOTH_WAYS = 50_000  # tokens of a text that is shown by word too


def write_surprisal_page(path: Path, score: Score, model: str) -> None:
    """Write the page of a text; raises OutputError."""
    figures = [
        (name.replace("_", " "), f"{value:,.4g}")
        for name, value in score.likelihood.to_dict().items()
        if isinstance(value, int | float)
    ]
    caveat = score.likelihood.counts.caveat
    parts = [
        html_page.paragraph(_summary(score), "lead"),
        *([html_page.paragraph(caveat)] if caveat else []),
        *coloured(score),
        html_page.folded("Figures", html_page.table(("", ""), figures)),
    ]
    html_page.write(path, f"Surprisal under {model}", parts)


def coloured(score: Score) -> Iterator[str]:
    """The text, every stretch on a ground as dark as it is surprising: by symbol, and by word where asked for."""
    by_symbol = _view(score, "token")
    if len(score.token_scores) > _BOTH_WAYS:
        yield by_symbol
        return
    choices = "".join(
        f'<input type="radio" name="view" id="by-{name}"{" checked" if name == "symbol" else ""}>'
        f'<label for="by-{name}">by {name}</label>'
        for name in ("symbol", "word")
    )
    yield f'<div class="views">{choices}<div>{by_symbol}</div><div>{_view(score, "word")}</div></div>'


def _view(score: Score, by: By) -> str:
    """A key and the text."""
    stretches = []
    for group in groups(by, score.rows()):
        told = [token.surprisal_bits for token in group if token.surprisal_bits is not None]
        stretches.append(("".join(token.text for token in group), math.fsum(told) if told else None))
    bits = sorted(bits for _, bits in stretches if bits is not None)
    darkest = max(_LEAST, bits[int(0.98 * (len(bits) - 1))]) if bits else _LEAST
    steps = "".join(
        f'<b style="{_style(darkest * n / _SHADES, darkest)}">{darkest * n / _SHADES:.3g}</b>'
        for n in range(_SHADES + 1)
    )
    key = f'<p class="key">{"bits of a word" if by == "word" else "bits of a symbol"}: {steps} and more</p>'
    text = "".join(_stretch(text, bits, darkest) for text, bits in stretches)
    return f'{key}<p class="surprisal">{text}</p>'


def _stretch(text: str, bits: float | None, darkest: float) -> str:
    if not text:  # several symbols make one character, and this is not the last of them
        return ""
    if bits is None:
        return f'<s title="left out">{_visible(text)}</s>'
    return f'<span data-bits="{bits:.2f}" style="{_style(bits, darkest)}">{_visible(text)}</span>'


def _style(bits: float, darkest: float) -> str:
    share = min(max(bits, 0.0) / darkest, 1.0)
    return f"--s:{0.8 * share:.2f}"


def _visible(text: str) -> str:
    """A surprising line break is marked, so that its colour can be seen."""
    return html.escape(text).replace("\n", "↵\n")


def _summary(score: Score) -> str:
    figure = score.bits_per_character
    tokens = f"{score.likelihood.tokens:,} symbols"
    if figure is None:
        return f"{tokens}, {score.likelihood.nats_per_token / math.log(2):.3f} bits each."
    return f"{score.likelihood.characters:,} characters in {tokens}: {figure:.3f} bits per character."
