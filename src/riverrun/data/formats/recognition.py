"""What a file is, told by its first bytes and then by its name."""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from riverrun.data.formats.unpacking import first_bytes, unpacked_name

Kind = Literal["text", "html", "csv", "jsonl", "epub", "docx", "odt", "rtf", "pdf", "refused"]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        kind: how its text is read; ``refused``: not at all.
        name: in words, such as ``a web page``.
        advice: what to do with a file that is refused.
    """

    kind: Kind
    name: str
    advice: str = ""


TEXT = Format("text", "text")
HTML = Format("html", "a web page")
CSV = Format("csv", "a table")
JSONL = Format("jsonl", "JSON lines")
EPUB = Format("epub", "an EPUB book")
DOCX = Format("docx", "a Word document")
ODT = Format("odt", "an OpenDocument text")
RTF = Format("rtf", "rich text")
PDF = Format("pdf", "a PDF")

# Endings of plain text; in a folder that has such files, others of unknown ending are left out.
TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst", ".org", ".tex", ".tsv")
_BY_SUFFIX = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".epub": EPUB,
    ".docx": DOCX,
    ".odt": ODT,
    ".rtf": RTF,
    ".pdf": PDF,
}


def _refused(name: str, advice: str) -> Format:
    return Format("refused", name, advice)


_PICTURE = _refused("a picture", "give a text")
_SOUND = _refused("a recording", "give a text")
_ARCHIVE = "unpack it, and give the folder"
_WORD = _refused("a Word document of before 2007, or one that is encrypted", "save it as .docx or .txt")
_BY_FIRST_BYTES = (
    (b"%PDF-", PDF),
    (b"{\\rtf", RTF),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"ID3", _SOUND),
    (b"OggS", _SOUND),
    (b"fLaC", _SOUND),
    (b"7z\xbc\xaf\x27\x1c", _refused("a 7z archive", _ARCHIVE)),
    (b"Rar!", _refused("a RAR archive", _ARCHIVE)),
    (b"PAR1", _refused("a Parquet table", "save it as .csv or .jsonl")),
    (b"SQLite format 3", _refused("an SQLite database", "save its table as .csv")),
    (b"AT&TFORM", _refused("a DjVu book", "convert it to text first")),
    (b"\x7fELF", _refused("a program", "give a text")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _WORD),
)
_LOOKED_AT = 1 << 10


def recognise(path: Path) -> Format:
    """What a file is, looking through what packs it. Raises OSError."""
    first = first_bytes(path, _LOOKED_AT)
    suffix = unpacked_name(path.name).suffix.lower()
    if first.startswith(b"PK\x03\x04"):
        return _in_zip(path, suffix)
    if first[257:262] == b"ustar":
        return _refused("a tar archive", f"unpack it (tar -xf {path.name}), and give the folder")
    if first[60:68] in (b"BOOKMOBI", b"TEXtREAd"):
        return _refused("a Kindle book", "convert it to .epub first")
    for start, format in _BY_FIRST_BYTES:
        if first.startswith(start):
            return format
    beginning = first.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if beginning.startswith((b"<!doctype html", b"<html")) or (
        beginning[:5] == b"<?xml" and b"<html" in beginning
    ):
        return HTML
    named = _BY_SUFFIX.get(suffix, TEXT)
    if named in (EPUB, DOCX, ODT, RTF, PDF):  # of which the first bytes know nothing
        return _refused(
            f"not {named.name}, whatever its name says", "is it damaged, or a text by another name?"
        )
    return named


def is_named_as_text(path: Path) -> bool:
    """Whether a file's ending is one of texts, tables or documents."""
    suffix = unpacked_name(path.name).suffix.lower()
    return suffix in TEXT_SUFFIXES or suffix in _BY_SUFFIX


def _in_zip(path: Path, suffix: str) -> Format:
    """What a zip archive is: documents of today are such archives."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            mimetype = archive.read("mimetype").strip() if "mimetype" in members else b""
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        named = _BY_SUFFIX.get(suffix)
        return _refused(f"{named.name if named else 'a zip archive'} that is damaged", "restore the file")
    if mimetype == b"application/epub+zip" or "META-INF/container.xml" in members:
        return EPUB
    if mimetype == b"application/vnd.oasis.opendocument.text":
        return ODT
    if "word/document.xml" in members:
        return DOCX
    if mimetype.startswith(b"application/vnd.oasis.opendocument") or _any_below(members, "xl/", "ppt/"):
        return _refused("a table or slides of an office program", "save it as .csv or .txt")
    return _refused("a zip archive", f"unpack it (unzip {path.name}), and give the folder")


def _any_below(members: Iterable[str], *folders: str) -> bool:
    return any(member.startswith(folders) for member in members)
