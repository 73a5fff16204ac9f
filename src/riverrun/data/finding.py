"""From what a user names (files, folders, globs, known texts, ``-``) to files of text."""

import itertools
import os
import shlex
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from riverrun.data.builtin_pairs import task_file
from riverrun.data.formats.recognition import Format, is_named_as_text, recognise
from riverrun.data.formats.text import DOCUMENTS, TABLES, chunks_of, text_of_document
from riverrun.data.formats.unpacking import unpacked_name
from riverrun.data.library import BUILT_IN, DOWNLOADS, built_in_text, downloaded
from riverrun.data.reading_settings import Reading
from riverrun.data.walking import DirectoryEntry, below, matching
from riverrun.errors import CorpusError
from riverrun.files.spools import is_spool, spool


def find_texts(item: str, reading: Reading) -> list[Path]:
    """The files of text that an input stands for; documents are made text of.

    Raises:
        CorpusError: there is nothing of that name, or a file that was named is of a kind that is not read.

    Warns of what a folder or a glob holds beside plain text, and of what is left out of it.
    """
    if item == "-":
        return [_as_text(_kept(standard_input()), _PIPED, reading)]
    if os.path.isdir(item):  # unlike Path.is_dir, False for names that no file can have
        return _of_many(below(item), item, reading)
    if os.path.isfile(item):
        return [_as_text(Path(item), item, reading)]
    if os.path.exists(item):  # a pipe
        with open(item, "rb") as stream:
            return [_as_text(_kept(stream), _PIPED, reading)]
    if matches := list(matching(item)):
        return _of_many(matches, item, reading)
    return [_known(item)]


def standard_input() -> BinaryIO:
    """The bytes of standard input; raises CorpusError where it is closed."""
    if sys.stdin is None:
        raise CorpusError("standard input is closed: pipe a text into it, or give a file")
    return cast(BinaryIO, sys.stdin.buffer)


def shown(path: Path) -> str:
    """What a file is called in messages."""
    return _PIPED if is_spool(path) else str(path)


def _known(item: str) -> Path:
    if item in BUILT_IN:
        return built_in_text(item)
    if (task := task_file(item)) is not None:
        return task
    if (known := downloaded(item)) is not None:
        return known
    if item in DOWNLOADS:
        raise CorpusError(f"{item} is not on this machine yet: fetch it with riverrun data get {item}")
    name = " ".join(item[:200].split()) or "''"
    raise CorpusError(f"{name}: no such file, directory or known text (see: riverrun data list)")


@dataclass
class _Account:
    """How many files are used and how many left out, by their endings and what they are."""

    used: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def is_plain(self) -> bool:
        """Whether all files are text as it stands."""
        return not self.left_out and all("(" not in kind for kind in self.used)

    def __str__(self) -> str:
        used = f"{self.used.total():,} files used: {_listed(self.used)}" if self.used else "no file used"
        return used + (
            f"; {self.left_out.total():,} left out: {_listed(self.left_out)}" if self.left_out else ""
        )


def _of_many(entries: Iterable[DirectoryEntry], item: str, reading: Reading) -> list[Path]:
    """The files among many that are text, or can be made text; the others are said."""
    account, found, known = _Account(), [], []
    for name, left_out in entries:
        if left_out:
            account.left_out[left_out] += 1
        else:
            known.append((Path(name), _recognised(Path(name), name)))
    named = any(is_named_as_text(path) and format.kind != "refused" for path, format in known)
    for path, format in known:
        suffix = path.suffix.lower() or "without ending"
        if format.kind == "refused":
            account.left_out[f"{suffix} ({format.name})"] += 1
        elif format.kind == "text" and named and not is_named_as_text(path):
            account.left_out[f"{suffix} (not an ending of texts)"] += 1
        else:
            try:
                found.append(_taken(path, format, str(path), reading))
            except CorpusError as error:
                account.left_out[f"{suffix} ({str(error).removeprefix(str(path)).lstrip(' ,:')})"] += 1
            else:
                account.used[f"{suffix}{_how(path, format, reading)}"] += 1
    if not account.is_plain:
        warnings.warn(f"{item}: {account}", stacklevel=4)
    return found


def _how(path: Path, format: Format, reading: Reading) -> str:
    """How a file of a folder is read, where it is no plain text."""
    if reading.format == "text":
        return ""
    if format.kind == "text":
        return " (as it stands, with its markup)" if _is_raw(path) else ""
    return f" ({format.name})"


def _is_raw(path: Path) -> bool:
    """Whether a file's ending says that it is no plain text, though there is no reader for it."""
    return unpacked_name(path.name).suffix.lower() in (".json", ".xml", ".tsv", ".yaml", ".yml")


def _taken(path: Path, format: Format, name: str, reading: Reading) -> Path:
    """A file of a folder, made text of; raises CorpusError where it can be seen soon that it will not be read."""
    taken = _made_text(path, format, name, reading)
    if format.kind in TABLES and reading.format == "auto":
        next(chunks_of(path, name, reading), None)
    return taken


def _as_text(path: Path, name: str, reading: Reading) -> Path:
    """A file that was named, made text of; raises CorpusError for kinds that are not read."""
    format = _recognised(path, name)
    if format.kind == "refused":
        raise CorpusError(f"{name} is {format.name}: {format.advice}")
    if format.kind == "text" and reading.format == "auto" and _is_raw(path):
        warnings.warn(f"{name} is read as it stands, with its markup", stacklevel=4)
    return _made_text(path, format, name, reading)


def _recognised(path: Path, name: str) -> Format:
    try:
        return recognise(path)
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}") from error


def _made_text(path: Path, format: Format, name: str, reading: Reading) -> Path:
    if format.kind not in DOCUMENTS or (format.kind == "html" and reading.format == "text"):
        return path
    if reading.format == "text":
        advice = f"make text of it with riverrun data show {shlex.quote(name)}"
        raise CorpusError(f"{name} is {format.name}, not text as it stands: {advice}")
    return _as_file(text_of_document(path, format.kind, name))


def _kept(stream: BinaryIO) -> Path:
    """A stream, which is read several times, in a file that is gone when the process is.

    Raises:
        CorpusError: there is no room for it, or it begins with zero bytes, as no text does and as devices may give
            without end.
    """
    first = stream.read(_FIRST)
    if first.startswith(b"\x00") and first.count(0) == len(first):
        raise CorpusError(f"{_PIPED} is a binary file: a zero byte near offset 0, line 1")
    try:
        return spool(itertools.chain([first], iter(lambda: stream.read(1 << 22), b"")))
    except OSError as error:
        raise CorpusError(f"{_PIPED} cannot be kept while it is read: {error.strerror}") from error


def _as_file(text: str) -> Path:
    """The text of a document in a file with a name: a folder may hold more of them than can be open at once."""
    path = Path(_scratch().name) / f"{next(_numbers)}.txt"
    path.write_bytes(text.encode("utf-8", "replace"))
    return path


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Where such files are; deleted when the process ends."""
    return tempfile.TemporaryDirectory(prefix="riverrun-")


_PIPED = "what was piped in"
_numbers = itertools.count()
_FIRST = 1 << 12  # bytes


def _listed(counts: Counter[str]) -> str:
    most = [f"{count:,} {kind}" for kind, count in counts.most_common(8)]
    return ", ".join(most) + (f" and {len(counts) - 8} kinds more" if len(counts) > 8 else "")
