"""The text of a page in HTML or XHTML, as a reader would select and copy it."""

import html
import re

from riverrun.data.formats.trees import Element, html_tree, local_name, walk, xml_tree
from riverrun.errors import CorpusError

_UNSEEN = {
    *("head", "script", "style", "noscript", "template", "iframe", "object", "svg", "audio", "video"),
    *("canvas", "select", "rt", "rp"),
}
_OWN_LINE = {
    *("address", "article", "aside", "body", "caption", "dd", "details", "dialog", "div", "dt", "fieldset"),
    *("figcaption", "footer", "form", "header", "hr", "legend", "li", "main", "nav", "ol", "section"),
    *("summary", "tr", "ul"),
}
_OWN_PARAGRAPH = {"blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "table"}
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][A-Za-z0-9]*;")
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""")


def text_of_html(raw: bytes, shown: str) -> str:
    """The visible text of a page: a line for each block, a blank line around paragraphs, ``<pre>`` as it stands.

    What is lost: pictures, scripts, hidden elements, readings (ruby), soft hyphens.

    Raises:
        CorpusError: it is in none of the encodings that it may be in.
    """
    page = decoded(raw, shown).replace("\x00", "")
    root = _as_xml(page, shown) if page.startswith("<?xml") else None
    if root is None:
        root = html_tree(page, shown)
    return "" if root is None else _visible(root)


def decoded(raw: bytes, shown: str) -> str:
    """Bytes of markup as text: UTF-8, or the encoding that they declare. Raises CorpusError."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = error
    declared = _DECLARED.search(raw[:2048])
    name = (
        declared[1].decode("ascii") if declared else "UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
    )
    # As browsers do: what is called Latin-1 is cp1252.
    known = {
        "iso-8859-1": "cp1252",
        "latin1": "cp1252",
        "us-ascii": "cp1252",
        "gb2312": "gb18030",
        "gbk": "gb18030",
    }
    try:
        return raw.decode(known.get(name.lower(), name))
    except (LookupError, UnicodeDecodeError):
        line = 1 + raw.count(b"\n", 0, fault.start)
        where = f"byte 0x{raw[fault.start]:02x} at offset {fault.start}, line {line}"
        says = f"of the encoding {name} that it declares" if name else "UTF-8, and declares no other encoding"
        raise CorpusError(f"{shown} is a web page that is not {says}: {where}; convert it to UTF-8") from None


def _as_xml(page: str, shown: str) -> Element | None:
    """The root of a well-formed page, else None. (Parsed as HTML, ``<title/>`` would swallow what follows.)"""
    known = _ENTITY.sub(lambda found: html.unescape(found[0]), page)
    try:
        return xml_tree(known.encode("utf-8", "replace"), shown)
    except ValueError:
        return None


class _Writer:
    """Puts words, blanks and line breaks together, as a browser does."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0  # owed before the next word
        self._blank = False  # likewise

    def words(self, text: str) -> None:
        """Text in which blanks are one, and none at the edge of a line."""
        for index, word in enumerate(_BLANKS.split(text)):
            self._blank = self._blank or index > 0
            if word:
                self._put(word)

    def verbatim(self, text: str) -> None:
        if text:
            self._blank = False
            self._put(text)

    def line(self, count: int) -> None:
        """At least ``count`` line breaks before what follows."""
        self._breaks = max(self._breaks, count)

    def newline(self) -> None:
        self._breaks, self._blank = self._breaks + 1, False

    def tab(self) -> None:
        if self._parts and not self._breaks:
            self._parts.append("\t")
            self._blank = False

    def text(self) -> str:
        return "".join(self._parts).replace("\xad", "")

    def _put(self, word: str) -> None:
        if self._parts and self._breaks:
            self._parts.append("\n" * self._breaks)
        elif self._parts and self._blank and not self._parts[-1].endswith(("\t", "\n")):
            self._parts.append(" ")
        self._breaks, self._blank = 0, False
        self._parts.append(word)


def _visible(root: Element) -> str:
    writer, verbatim, unseen = _Writer(), 0, 0
    for event, element in walk(root):
        name = local_name(element)
        hides = not name or name in _UNSEEN or "hidden" in element.attrib
        if event == "start":
            unseen += hides
            verbatim += name == "pre"
            if not unseen:
                _open(writer, name)
                _say(writer, element.text, verbatim > 0)
        else:
            unseen -= hides
            verbatim -= name == "pre"
            if not unseen:
                if not hides:
                    _close(writer, name)
                if element is not root:
                    _say(writer, element.tail, verbatim > 0)
    return writer.text()


def _open(writer: _Writer, name: str) -> None:
    if name == "br":
        writer.newline()
    elif name in ("td", "th"):
        writer.tab()
    else:
        _close(writer, name)


def _close(writer: _Writer, name: str) -> None:
    if name in _OWN_PARAGRAPH:
        writer.line(2)
    elif name in _OWN_LINE:
        writer.line(1)


def _say(writer: _Writer, text: str | None, verbatim: bool) -> None:
    if text:
        (writer.verbatim if verbatim else writer.words)(text)
