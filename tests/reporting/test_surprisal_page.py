"""The text is all there, with the surprisal of each stretch; colours are relative to the text."""

import html
import re
import warnings

import pytest

from riverrun.reporting.surprisal_page import coloured, write_surprisal_page


def shown(part: str) -> str:
    """The text of the last paragraph of a view."""
    text = re.search(r'<p class="surprisal">(.*?)</p>', part, re.DOTALL)[1]
    return html.unescape(re.sub(r"<[^>]+>", "", text)).replace("↵\n", "\n")


def views(score) -> tuple[str, str]:
    (part,) = coloured(score)
    return tuple(part.split("</div><div>"))


@pytest.mark.parametrize("text", ["the age & the <river>\nis ours", "河 é age"])
def test_both_views_hold_the_text(model, text):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "never seen")
        score = model.score(text)
    by_symbol, by_word = views(score)
    assert shown(by_symbol) == shown(by_word) == text
    assert len(re.findall("data-bits", by_symbol)) == len(text)
    assert len(re.findall("data-bits", by_word)) == len(text.split())


def test_the_key_stands_first_and_fits_the_values(model):
    score = model.score("the spirit of an age")
    for view in views(score):
        key, _ = view.split('<p class="surprisal">')
        values = [float(value) for value in re.findall(r">([\d.]+)</b>", key)]
        assert values == sorted(values)
        assert len(values) == 6
        bits = [float(value) for value in re.findall(r'data-bits="([\d.]+)"', view)]
        assert values[-1] >= min(4.0, max(bits))


def test_the_page_says_the_figure_and_loads_nothing(model, tmp_path):
    write_surprisal_page(tmp_path / "page.html", model.score("the spirit of an age"), "river & co")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Surprisal under river &amp; co" in page
    assert re.search(r"20 characters in 20 symbols: [\d.]+ bits per character", page)
    assert "<script" not in page
    assert "http" not in page
