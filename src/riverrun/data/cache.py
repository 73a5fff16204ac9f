"""The user's cache directory: encoded texts, built-in and downloaded texts, compiled code.

A cache may be shared, and others may have written into it: an entry that belongs to another user is none. Where
nothing can be written, a temporary directory serves until the process ends.
"""

import atexit
import os
import shutil
import stat
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from riverrun.errors import visible
from riverrun.files import incoming, outgoing, owners


def cache_directory() -> Path:
    """``$RIVERRUN_CACHE``, or the platform's cache directory for riverrun."""
    if given := os.environ.get("RIVERRUN_CACHE"):
        return Path(given)
    import platformdirs

    return platformdirs.user_cache_path("riverrun")


_stand_ins: dict[Path, Path] = {}  # of caches that cannot be written


def writable(room: str) -> Path:
    """The directory for new entries of a kind; a temporary one, which is said, where the cache cannot be written."""
    cache = cache_directory()
    if cache not in _stand_ins:
        try:
            (cache / room).mkdir(parents=True, exist_ok=True)
            if os.access(cache / room, os.W_OK | os.X_OK):
                return cache / room
            reason = "permission denied"
        except OSError as error:
            reason = error.strerror
        _stand_ins[cache] = _temporary(f"{cache} cannot be written ({reason})")
    found = _stand_ins[cache] / room
    found.mkdir(exist_ok=True)
    return found


def private_directory(room: str) -> Path | None:
    """A directory for what is run; None where others can write there or have written, or nothing can be written.

    One that was open is not closed and then trusted: what others left in it would be run.
    """
    folder = Path(os.path.realpath(cache_directory() / room))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.scandir(folder) as entries:
            ours = all(owners.is_ours(entry.stat(follow_symlinks=False)) for entry in entries)
    except OSError:
        return None
    return folder if ours and owners.is_private_path(folder) and os.access(folder, os.W_OK) else None


def find(room: str, name: str) -> Path | None:
    """An entry that is there and belongs to this user or root; links and what others put there are none."""
    cache = cache_directory()
    for folder in (cache, _stand_ins.get(cache, cache)):
        try:
            with incoming.opened(folder / room / name) as stream:
                if owners.is_ours(os.fstat(stream.fileno())):
                    return folder / room / name
        except OSError:
            continue
    return None


@contextmanager
def writing(room: str, name: str) -> Iterator[BinaryIO]:
    """A stream whose bytes become an entry, in place of whatever has its name; raises OSError."""
    path = writable(room) / name
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        outgoing.remove(path)
    with outgoing.replacing(path, durable=False) as stream:
        yield stream


def keep(room: str, name: str, content: bytes) -> Path:
    """Write an entry; raises OSError where there is no room for it."""
    with writing(room, name) as stream:
        stream.write(content)
    return writable(room) / name


def clean() -> int:
    """Delete encoded and known texts from the cache; returns the bytes freed."""
    freed = 0
    for folder in (cache_directory() / "ids", cache_directory() / "texts"):
        if folder.is_dir():
            freed += sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
            outgoing.remove(folder)
    return freed


def _temporary(reason: str) -> Path:
    warnings.warn(
        f"{visible(reason)}; a temporary directory is used, and nothing is kept for the next time: "
        "set RIVERRUN_CACHE to a directory that can be written",
        stacklevel=4,
    )
    folder = Path(tempfile.mkdtemp(prefix="riverrun-cache-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
