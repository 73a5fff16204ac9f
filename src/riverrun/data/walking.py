"""Files below a folder, and those that a pattern matches, in order of their names; links are not followed far."""

import glob
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from riverrun.errors import CorpusError

OUTWARDS = "a link that leads out of the folder"
TO_A_FOLDER = "a link to a folder"
_MAGIC = re.compile(r"[*?\[]")


class DirectoryEntry(NamedTuple):
    """A file that was found; where it is not to be read, ``left_out`` says why."""

    path: str
    left_out: str = ""


def below(folder: str) -> Iterator[DirectoryEntry]:
    """Files in a folder and those below it, without hidden ones; raises CorpusError where it cannot be listed."""
    yield from _below(folder, _inside(folder))


def matching(pattern: str) -> Iterator[DirectoryEntry]:
    """Files that a pattern matches; ``**`` stands for any folders. None where it has nothing that is a pattern."""
    start = _MAGIC.search(pattern)
    root = os.path.dirname(pattern[: start.start()]) if start else ""
    if not start or not os.path.isdir(root or os.curdir):
        return
    if "**" not in pattern:
        inside = _inside(root or os.curdir)
        for path in filter(os.path.isfile, sorted(glob.glob(pattern))):
            yield DirectoryEntry(path, "" if os.path.realpath(path).startswith(inside) else OUTWARDS)
        return
    try:
        wanted = re.compile(_as_regex(pattern[len(root) :].lstrip(os.sep)))
    except re.error:  # such as [z-a]
        return
    for entry in below(root or os.curdir):
        if wanted.fullmatch(os.path.relpath(entry.path, root or os.curdir).replace(os.sep, "/")):
            yield entry


def _inside(folder: str) -> str:
    """What the real paths of all that is in a folder begin with."""
    return os.path.join(os.path.realpath(folder), "")


def _below(folder: str, root: str) -> Iterator[DirectoryEntry]:
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise CorpusError(f"{folder} cannot be read: {error.strerror}") from error
    for entry in sorted(entries, key=lambda each: each.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, root)
        elif entry.is_dir():
            yield DirectoryEntry(entry.path, TO_A_FOLDER)
        elif entry.is_file():
            leads_out = entry.is_symlink() and not os.path.realpath(entry.path).startswith(root)
            yield DirectoryEntry(entry.path, OUTWARDS if leads_out else "")


def _as_regex(pattern: str) -> str:
    """The pattern of paths, with ``/`` between folders, as a regular expression."""
    parts = pattern.replace(os.sep, "/").split("/")
    *folders, last = parts
    whole = "".join("(?:[^/]+/)*" if part == "**" else f"{_of_name(part)}/" for part in folders)
    return whole + ("(?:[^/]+/)*[^/]+" if last == "**" else _of_name(last))


def _of_name(part: str) -> str:
    """What ``*``, ``?`` and ``[...]`` of one name match."""
    pieces = re.split(r"(\*+|\?|\[[^\]]+\])", part)
    return "".join(_of_piece(piece) for piece in pieces)


def _of_piece(piece: str) -> str:
    match piece[:1]:
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case "[" if len(piece) > 2:
            inside = piece[1:-1].replace("\\", "\\\\")
            return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
        case _:
            return re.escape(piece)
