"""The text of a file, of whatever kind it is."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from riverrun.data.formats.encoding import decode
from riverrun.data.formats.recognition import Kind, recognise
from riverrun.data.formats.tables import texts_of_csv, texts_of_jsonl
from riverrun.data.formats.unpacking import blocks
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError

DOCUMENTS = ("epub", "docx", "odt", "rtf", "pdf", "html")
TABLES = ("csv", "jsonl")
LARGEST_DOCUMENT = 1 << 28  # bytes, unpacked


class Chunk(NamedTuple):
    """A piece of one document."""

    text: str
    opens_document: bool


def chunks_of(path: Path, shown: str, reading: Reading) -> Iterator[Chunk]:
    """The text of a file in pieces; line ends as they stand. Every row of a table is a document.

    Args:
        path: of a file that is no document (:func:`text_of_document` is for these).
        shown: its name in messages.
        reading: how.

    Raises:
        CorpusError: it cannot be read.
    """
    file = shown if shown == str(path) else None
    plain = decode(lambda: blocks(path, shown), shown, file)
    match recognise(path).kind if reading.format == "auto" else "text":
        case "jsonl":
            texts = texts_of_jsonl(plain, reading.field, shown)
        case "csv":
            texts = texts_of_csv(plain, reading.field, shown)
        case _:
            yield from _one_document(plain)
            return
    yield from (Chunk(text, True) for text in texts)


def text_of_document(path: Path, kind: Kind, shown: str) -> str:
    """All text of a document or web page, which is read as a whole; empty where there is none.

    Raises:
        CorpusError: it is larger than :data:`LARGEST_DOCUMENT`, damaged or encrypted, or the library that reads it is
            not installed.
    """
    raw = b"".join(blocks(path, shown, LARGEST_DOCUMENT))
    match kind:
        case "html":
            from riverrun.data.formats.markup import text_of_html

            text = text_of_html(raw, shown)
            return f"{text}\n" if text else ""
        case "epub" | "docx" | "odt":
            from riverrun.data.formats import documents

            read = {
                "epub": documents.text_of_epub,
                "docx": documents.text_of_docx,
                "odt": documents.text_of_odt,
            }
            return read[kind](io.BytesIO(raw), shown)
        case "pdf":
            from riverrun.data.formats.extra import text_of_pdf

            return text_of_pdf(raw, shown)
        case "rtf":
            from riverrun.data.formats.extra import text_of_rtf

            return text_of_rtf(raw, shown)
        case _:
            raise CorpusError(f"{shown} is no document")


def _one_document(texts: Iterable[str]) -> Iterator[Chunk]:
    opens = True
    for text in texts:
        yield Chunk(text, opens)
        opens = False
