"""Web pages give the text that a reader would select and copy."""

import pytest

from riverrun.data.formats.markup import text_of_html
from riverrun.errors import CorpusError


def text(body: str) -> str:
    return text_of_html(
        f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>".encode(), "x"
    )


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("<p>One.</p>\n<p>Two\n  lines.</p>", "One.\n\nTwo lines."),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<h1>Title</h1><div>text<div>more</div></div>", "Title\n\ntext\nmore"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "a\nb\nc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ("<pre>def f():\n    return 1</pre><p>x</p>", "def f():\n    return 1\n\nx"),
        ("<b>W</b>ord, <i>流れ</i>る <sup>2</sup>", "Word, 流れる 2"),
        ("one&nbsp;two &mdash; &#228; &amp;", "one\u00a0two — ä &"),
        ("hy&shy;phen", "hyphen"),
        ("a<!-- comment -->b<script>var x = '<p>no</p>';</script><style>p{}</style>", "ab"),
        ("<p hidden>no</p><noscript>no</noscript><svg><text>no</text></svg>yes", "yes"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字", "漢字"),
        ("  <p>  </p>  ", ""),
        ("unclosed <b>tags <p>are <i>common", "unclosed tags\n\nare common"),
    ],
)
def test_what_is_seen(body, seen):
    assert text(body) == seen


def test_well_formed_pages_may_close_elements_at_once():
    page = (
        "<?xml version='1.0' encoding='utf-8'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.1//EN' "
        "'http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd'><html xmlns='http://www.w3.org/1999/xhtml'>"
        "<head><title/></head><body><a id='here'/><p>a&nbsp;b &eacute; &lt;</p></body></html>"
    )
    assert text_of_html(page.encode(), "x") == "a\u00a0b é <"


def test_entities_are_not_fetched_from_files(tmp_path):
    (tmp_path / "secret").write_text("secret")
    page = f"<?xml version='1.0'?><!DOCTYPE html [<!ENTITY e SYSTEM '{tmp_path / 'secret'}'>]><html><p>a&e;</p></html>"
    assert "secret" not in text_of_html(page.encode(), "x").removeprefix(str(tmp_path))


def test_the_declared_encoding_is_followed_as_browsers_do():
    page = "<meta charset='iso-8859-1'><p>“é”</p>"
    assert text_of_html(page.encode("cp1252"), "x") == "“é”"
    assert text_of_html("<meta charset=gb2312><p>河流</p>".encode("gb18030"), "x") == "河流"
    assert text_of_html("\ufeff<p>é</p>".encode(), "x") == "é"
    assert text_of_html("<p>é</p>".encode("utf-16"), "x") == "é"
    with pytest.raises(CorpusError, match=r"page\.html is a web page .* byte 0xe9 at offset 7, line 2;"):
        text_of_html("<p>\nabcé</p>".encode("latin-1"), "page.html")


@pytest.mark.parametrize("raw", [b"", b"   ", b"<html>", b"<?xml", b"<!doctype html>", b"<p"])
def test_empty_pages_hold_no_text(raw):
    assert text_of_html(raw, "x") == ""
