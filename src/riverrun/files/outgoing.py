"""The door out: every file is written whole under a name of its own that nobody can foresee, then renamed.

Nothing is written through a link, and what may read a file follows from the user's umask.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""How a file or directory ends that is being written; one that is left over is of a run that was killed."""

_COMMON = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _COMMON
_APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | _COMMON


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file at ``path``, all at once, when the block is left.

    Args:
        path: the file; its directory is made. A regular file of that name is replaced, nothing else is.
        durable: wait until it is on the disk.

    Raises:
        OSError: it cannot be written; what was there stays, and nothing is left behind.
    """
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unforeseen(path)
    try:
        with os.fdopen(os.open(temporary, _NEW, 0o666), "wb") as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file whole; raises OSError as :func:`replacing`."""
    with replacing(path, durable) as stream:
        stream.write(content)


def write_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a directory of files: it is there whole or not at all.

    Raises:
        OSError: it cannot be written, or there is one already that is not empty; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unforeseen(path)
    try:
        temporary.mkdir()
        for name, content in files.items():
            write(temporary / name, content)
        sync_directory(temporary)
        if os.name == "nt" and path.is_dir():
            path.rmdir()  # there a rename replaces no directory
        os.rename(temporary, path)
        sync_directory(path.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def append(path: Path, content: bytes) -> None:
    """Add to the end of a regular file, or begin one; raises OSError, for a link too."""
    descriptor = os.open(path, _APPENDING, 0o666)
    with os.fdopen(descriptor, "ab") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        stream.write(content)


def move(source: Path, target: Path) -> None:
    """Rename a file of ours over another regular file, or to where none is; raises OSError."""
    check_replaceable(target)
    os.replace(source, target)


def remove(path: Path) -> None:
    """Delete a file, a link or a whole directory, if it is there; links are not followed. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_replaceable(path: Path) -> None:
    """Raises OSError where something is that is not a regular file, such as a link."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "something is there that is not a regular file", str(path))


def _unforeseen(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(8).hex()}{PART}")
