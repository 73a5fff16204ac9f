"""Trees of XML and HTML, by lxml: entities are not resolved from outside, nothing is fetched."""

from collections.abc import Iterator
from typing import Any

from riverrun.errors import CorpusError

Element = Any
"""An lxml element; lxml has no types of its own."""

MOST = 1 << 23  # tags and the like of a document; a node of a tree takes some two hundred bytes


def xml_tree(raw: bytes, shown: str) -> Element:
    """The root of a well-formed document; raises ValueError, and CorpusError beyond :data:`MOST` tags."""
    etree = _etree()
    _bound(raw, shown)
    parser = etree.XMLParser(
        remove_comments=True, remove_pis=True, no_network=True, resolve_entities=False, huge_tree=True
    )
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def html_tree(text: str, shown: str) -> Element | None:
    """The root of a page, however ill-formed; None where there is nothing in it; raises CorpusError likewise."""
    etree = _etree()
    raw = text.encode("utf-8", "replace")
    _bound(raw, shown)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return etree.fromstring(raw, parser)
    except etree.ParserError:
        return None


def walk(root: Element) -> Iterator[tuple[str, Element]]:
    """``start`` and ``end`` of each element, in order; without recursion."""
    return _etree().iterwalk(root, events=("start", "end"))


def local_name(element: Element) -> str:
    """Its name without the namespace, in small letters; empty for what is no element."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _bound(raw: bytes, shown: str) -> None:
    if raw.count(b"<") > MOST:
        raise CorpusError(f"{shown} holds more than {MOST:,} tags: give its text")


def _etree() -> Any:
    import importlib

    return importlib.import_module("lxml.etree")
