"""The door in: regular files alone are read, opened without waiting and without following links, up to a bound."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Windows has neither links that need following nor pipes in directories: there the flags are not known.
_READING = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading.

    Raises:
        OSError: it is missing, a link, a pipe, a device or a directory, or may not be read.
    """
    with os.fdopen(descriptor_of(path), "rb") as stream:
        yield stream


def descriptor_of(path: Path) -> int:
    """The same as a descriptor, which the caller closes; raises OSError."""
    if os.path.islink(path):
        raise _link(path)
    try:
        descriptor = os.open(path, _READING)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):  # it became a link meanwhile
            raise _link(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return descriptor


def read(path: Path, most: int, size: int | None = None) -> bytes:
    """All of a regular file.

    Args:
        path: the file.
        most: bytes it may have.
        size: bytes it must have; None: any number of them.

    Raises:
        OSError: as :func:`opened`, or its length is not as it must be.
    """
    with opened(path) as stream:
        length = os.fstat(stream.fileno()).st_size
        if size is not None and length != size:
            raise OSError(errno.EINVAL, f"it has {length} bytes, not {size}", str(path))
        if length > most:
            raise OSError(errno.EFBIG, f"it has {length} bytes, more than {most}", str(path))
        content = stream.read(length + 1)
    if len(content) != length:
        raise OSError(errno.EINVAL, "it changes while it is read", str(path))
    return content


def _link(path: Path) -> OSError:
    return OSError(errno.ELOOP, "it is a link, which is not followed", str(path))
