"""Where text comes from: files, directories, globs, standard input, gzip; always UTF-8."""

import codecs
import glob
import gzip
import hashlib
import os.path
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from riverrun.data.builtin_pairs import task_file
from riverrun.data.library import BUILT_IN, DOWNLOADS, built_in_text, downloaded
from riverrun.errors import CorpusError

CHUNK_BYTES = 1 << 22
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TEXT_SUFFIXES = (".txt", ".text", ".md", ".rst", ".tex", ".csv", ".tsv", ".gz")


class Chunk(NamedTuple):
    """A piece of one document."""

    text: str
    opens_document: bool


@dataclass(frozen=True)
class Corpus:
    """One or more text files in a fixed order; each file is a document.

    Attributes:
        name: what the user called it.
        files: the files, read in this order.
        characters: number of characters (Unicode code points) in all.
        size: number of bytes of UTF-8 in all.
        digest: sha256 of the contents, in hexadecimal.
    """

    name: str
    files: tuple[Path, ...]
    characters: int
    size: int
    digest: str

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Chunk]:
        """The text from character ``start`` to ``stop`` in pieces, in order."""
        stop = self.characters if stop is None else stop
        position = 0
        for path in self.files:
            opens = True
            for text in _read(path):
                low, high = max(start - position, 0), min(stop - position, len(text))
                position += len(text)
                if low < high:
                    yield Chunk(text[low:high], opens)
                    opens = False
            if position >= stop:
                return

    def texts(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """The same, without document boundaries."""
        return (chunk.text for chunk in self.chunks(start, stop))


def open_corpus(inputs: Iterable[str | Path]) -> Corpus:
    """Find, read once and check the texts.

    Args:
        inputs: paths of files or directories, glob patterns, ``-`` for standard input, or names that
            ``riverrun data list`` knows.

    Raises:
        CorpusError: nothing matches, a file is not UTF-8 text, or there is no text at all.
    """
    inputs = [str(item) for item in inputs]
    files = [path for item in inputs for path in _expand(item)]
    if not files:
        raise CorpusError(f"no text files in {', '.join(inputs) or 'nothing'}")
    digest, characters, size = hashlib.sha256(), 0, 0
    for path in files:
        digest.update(b"\x00document\x00")
        for text in _read(path):
            raw = text.encode("utf-8")
            digest.update(raw)
            characters += len(text)
            size += len(raw)
    name = ", ".join("standard input" if item == "-" else item for item in inputs)
    if not characters:
        raise CorpusError(f"{name} is empty: it holds no text")
    return Corpus(name, tuple(files), characters, size, digest.hexdigest())


def read_text(source: str) -> str:
    """The whole text of one file, directory, glob or ``-``."""
    return "".join(open_corpus([source]).texts())


def standard_input() -> BinaryIO:
    """The bytes of standard input; raises CorpusError where it is closed."""
    if sys.stdin is None:
        raise CorpusError("standard input is closed: pipe a text into it, or give a file")
    return cast(BinaryIO, sys.stdin.buffer)


def _expand(item: str) -> list[Path]:
    if item == "-":
        return [_spool(standard_input())]
    path = Path(item)
    if os.path.isdir(item):  # unlike Path.is_dir, False for names that no file can have
        found = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        return [p for p in found if p.suffix.lower() in _TEXT_SUFFIXES] or found
    if os.path.isfile(item):
        return [path]
    if os.path.exists(item):  # a pipe
        with open(item, "rb") as stream:
            return [_spool(stream)]
    if matches := sorted(glob.glob(item, recursive=True)):
        return [Path(match) for match in matches if Path(match).is_file()]
    if item in BUILT_IN:
        return [built_in_text(item)]
    if (task := task_file(item)) is not None:
        return [task]
    if (known := downloaded(item)) is not None:
        return [known]
    if item in DOWNLOADS:
        raise CorpusError(f"{item} is not on this machine yet: fetch it with riverrun data get {item}")
    shown = " ".join(item[:200].split()) or "''"
    raise CorpusError(f"{shown}: no such file, directory or known text (see: riverrun data list)")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _spool(stream: BinaryIO) -> Path:
    """A stream is read several times, so it is kept in a temporary file until the process ends."""
    spool = tempfile.NamedTemporaryFile(prefix=_SPOOL, suffix=".txt")  # noqa: SIM115
    while block := stream.read(CHUNK_BYTES):
        spool.write(block)
    spool.flush()
    _SPOOLS.append(cast(BinaryIO, spool))
    return Path(spool.name)


_SPOOL = "riverrun-stdin-"
_SPOOLS: list[BinaryIO] = []  # open until exit: closing one deletes its file


def _read(path: Path) -> Iterator[str]:
    """Decode a file in chunks; a byte-order mark is dropped."""
    shown = "what was piped in" if path.name.startswith(_SPOOL) else str(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, first = 0, True
    try:
        with _open(path) as stream:
            while True:
                block = stream.read(CHUNK_BYTES)
                pending = len(decoder.getstate()[0])
                try:
                    text = decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    place = offset - pending + error.start
                    likely = "UTF-16" if place == 0 and block[:2] in _UTF_16 else "LATIN1"
                    raise CorpusError(
                        f"{shown} is not UTF-8 text: byte 0x{error.object[error.start]:02x} at offset {place}; "
                        f"convert it first, for example with iconv -f {likely} -t UTF-8"
                    ) from None
                if "\x00" in text:
                    raise CorpusError(
                        f"{shown} is a binary file: a zero byte near offset {offset + block.find(0)}"
                    )
                if first and text:
                    first, text = False, text.removeprefix("\ufeff")
                if text:
                    yield text
                if not block:
                    return
                offset += len(block)
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with open(path, "rb") as stream:
        if stream.peek(2)[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=stream) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield stream
