"""Where text comes from: files of many kinds, read in pieces, never held whole."""

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from riverrun.data.finding import find_texts, shown
from riverrun.data.formats.text import Chunk, chunks_of
from riverrun.data.line_ends import LineEnds
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError

AS_IT_STANDS = Reading()


@dataclass(frozen=True)
class Corpus:
    """One or more texts in a fixed order; each file is a document, and each row of a table.

    Attributes:
        name: what the user called it.
        files: the files, read in this order.
        characters: number of characters (Unicode code points) in all.
        size: number of bytes of UTF-8 in all.
        digest: sha256 of the contents, in hexadecimal.
        reading: how the files become text.
    """

    name: str
    files: tuple[Path, ...]
    characters: int
    size: int
    digest: str
    reading: Reading = AS_IT_STANDS

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Chunk]:
        """The text from character ``start`` to ``stop`` in pieces, in order."""
        stop = self.characters if stop is None else stop
        position, opens = 0, False
        for text, begins in _read(self.files, self.reading, LineEnds()):
            opens = opens or begins
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


def open_corpus(inputs: Iterable[str | Path], reading: Reading = AS_IT_STANDS) -> Corpus:
    """Find, read once and check the texts.

    Args:
        inputs: paths of files or directories, glob patterns, ``-`` for standard input, or names that
            ``riverrun data list`` knows.
        reading: how they become text.

    Raises:
        CorpusError: nothing matches, a file is not text of a kind that is read, or there is no text at all.

    Warns of what a folder holds beside plain text, and of line ends that are changed.
    """
    inputs = [str(item) for item in inputs]
    files = tuple(path for item in inputs for path in find_texts(item, reading))
    if not files:
        raise CorpusError(f"no text files in {', '.join(inputs) or 'nothing'}")
    digest, characters, size, ends = hashlib.sha256(), 0, 0, LineEnds()
    for text, opens in _read(files, reading, ends):
        raw = text.encode("utf-8")
        digest.update((b"\x00document\x00" if opens else b"") + raw)
        characters += len(text)
        size += len(raw)
    name = ", ".join("standard input" if item == "-" else item for item in inputs)
    if not characters:
        raise CorpusError(f"{name} is empty: it holds no text")
    if ends.changed:
        warnings.warn(
            f"{name}: {ends.changed:,} line ends were CR LF or CR and are read as LF "
            "(--data.line-ends keep reads them as they stand)",
            stacklevel=2,
        )
    return Corpus(name, files, characters, size, digest.hexdigest(), reading)


def read_text(source: str, reading: Reading = AS_IT_STANDS) -> str:
    """The whole text of one file, directory, glob or ``-``."""
    return "".join(open_corpus([source], reading).texts())


def _read(files: Iterable[Path], reading: Reading, ends: LineEnds) -> Iterator[Chunk]:
    chunks = (chunk for path in files for chunk in chunks_of(path, shown(path), reading))
    return ends.unified(chunks) if reading.line_ends == "unify" else chunks
