"""The text of documents that are zip archives of XML: EPUB books, Word documents, OpenDocument texts."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote

from riverrun.data.formats.markup import text_of_html
from riverrun.data.formats.trees import Element, xml_tree
from riverrun.errors import CorpusError

_LARGEST = 1 << 28  # bytes of text in a document, unpacked
_BLANKS = 1000  # at most, for one element
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_ENCRYPTED = "{http://www.w3.org/2001/04/xmlenc#}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_MANIFEST = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"


def text_of_epub(file: BinaryIO, shown: str) -> str:
    """The chapters of a book in reading order, a blank line between them; without its table of contents.

    EPUB 3.3 (W3C 2023), chapter 5: container, package document, spine.
    """
    book = _Archive(file, shown)
    container = book.xml("META-INF/container.xml")
    found = container.find(f".//{_CONTAINER}rootfile")
    if found is None:
        raise CorpusError(f"{shown} is an EPUB book that names no content")
    package = unquote(found.get("full-path", ""))
    root = book.xml(package)
    items = {item.get("id"): item for item in root.iter(f"{_OPF}item")}
    spine = [items[ref.get("idref")] for ref in root.iter(f"{_OPF}itemref") if ref.get("idref") in items]
    chapters = [
        posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(item.get("href", ""))))
        for item in spine
        if "nav" not in (item.get("properties") or "").split()
    ]
    if book.encrypted() & set(chapters):
        raise CorpusError(f"{shown} is an EPUB book that is encrypted (DRM): give it without")
    texts = (text_of_html(book.read(chapter), f"{shown}, {chapter}") for chapter in chapters)
    return _ended("\n\n".join(text for text in texts if text))


def text_of_docx(file: BinaryIO, shown: str) -> str:
    """The paragraphs of a Word document, each a line; cells of a row with tabs between them.

    Without headers, footers, notes, comments and what was deleted with changes tracked.
    """
    body = _Archive(file, shown).xml("word/document.xml").find(f"{_W}body")
    return "" if body is None else "".join(f"{line}\n" for line in _word_lines(body))


def _word_lines(parent: Element) -> Iterator[str]:
    for element in parent:
        if element.tag == f"{_W}p":
            yield "".join(_word_text(element))
        elif element.tag == f"{_W}tbl":
            for row in element.iter(f"{_W}tr"):
                yield "\t".join(" ".join(_word_lines(cell)) for cell in row.iter(f"{_W}tc"))
        else:  # such as a content control, which holds paragraphs
            yield from _word_lines(element)


def _word_text(parent: Element) -> Iterator[str]:
    for element in parent:
        match element.tag.removeprefix(_W) if isinstance(element.tag, str) else "":
            case "t":
                yield element.text or ""
            case "tab":
                yield "\t"
            case "br" | "cr":
                yield "\n"
            case "noBreakHyphen":
                yield "-"
            case "pPr" | "rPr" | "del" | "instrText":
                pass
            case _ if element.tag == _FALLBACK:  # the same again for old programs
                pass
            case "p":  # in a text box
                yield "\n"
                yield from _word_text(element)
            case _:
                yield from _word_text(element)


def text_of_odt(file: BinaryIO, shown: str) -> str:
    """The paragraphs of an OpenDocument text, each a line; cells of a row with tabs between them.

    Without headers, footers, notes, comments and what was deleted with changes tracked.
    """
    document = _Archive(file, shown)
    if document.holds("META-INF/manifest.xml"):
        for _ in document.xml("META-INF/manifest.xml").iter(f"{_MANIFEST}encryption-data"):
            raise CorpusError(
                f"{shown} is an OpenDocument text that is encrypted: save it without a password"
            )
    body = document.xml("content.xml").find(f"{_OFFICE}body")
    return "" if body is None else "".join(f"{line}\n" for line in _odt_lines(body))


def _odt_lines(parent: Element) -> Iterator[str]:
    for element in parent:
        if element.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            yield "".join(_odt_text(element))
        elif element.tag == f"{_TABLE}table-row":
            cells = element.iter(f"{_TABLE}table-cell")
            yield "\t".join(" ".join(_odt_lines(cell)) for cell in cells)
        elif element.tag != f"{_TEXT}tracked-changes":
            yield from _odt_lines(element)


def _odt_text(parent: Element) -> Iterator[str]:
    yield parent.text or ""
    for element in parent:
        match element.tag.removeprefix(_TEXT) if isinstance(element.tag, str) else "":
            case "s":
                count = element.get(f"{_TEXT}c", "1")
                yield " " * (min(int(count), _BLANKS) if count.isdecimal() else 1)
            case "tab":
                yield "\t"
            case "line-break":
                yield "\n"
            case "note":
                pass
            case _ if element.tag.startswith(f"{_OFFICE}annotation"):
                pass
            case _:
                yield from _odt_text(element)
        yield element.tail or ""


class _Archive:
    """A zip archive whose faults are CorpusErrors."""

    def __init__(self, file: BinaryIO, shown: str) -> None:
        self._shown = shown
        try:
            self._zip = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise CorpusError(f"{shown} is damaged: {error}") from error
        self._left = _LARGEST

    def holds(self, member: str) -> bool:
        return member in self._zip.NameToInfo

    def read(self, member: str) -> bytes:
        try:
            about = self._zip.getinfo(member)
            if about.flag_bits & 1:
                raise CorpusError(f"{self._shown} is encrypted: save it without a password")
            self._left -= about.file_size
            if self._left < 0:
                raise CorpusError(
                    f"{self._shown} holds more than {_LARGEST >> 20} MiB of text: give it as text"
                )
            return self._zip.read(about)
        except KeyError as error:
            raise CorpusError(f"{self._shown} is damaged: it has no {member}") from error
        except (
            OSError,
            EOFError,
            zipfile.BadZipFile,
            NotImplementedError,
            ValueError,
            zlib.error,
        ) as error:
            raise CorpusError(f"{self._shown} is damaged: {member}: {error}") from error

    def encrypted(self) -> set[str]:
        """Members that an EPUB book names as encrypted; fonts may be in any."""
        if not self.holds("META-INF/encryption.xml"):
            return set()
        named = self.xml("META-INF/encryption.xml").iter(f"{_ENCRYPTED}CipherReference")
        return {unquote(each.get("URI", "")) for each in named}

    def xml(self, member: str) -> Element:
        """The root of a member."""
        try:
            return xml_tree(self.read(member), self._shown)
        except ValueError as error:
            raise CorpusError(f"{self._shown} is damaged: {member}: {error}") from error


def _ended(text: str) -> str:
    return f"{text}\n" if text else ""
