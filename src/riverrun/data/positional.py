"""Reading a file at a place, whoever else reads it at another place at the same time."""

import os
import threading
from pathlib import Path

_seeking = threading.Lock()


def open_to_read(path: Path) -> int:
    """A descriptor of a file's bytes as they are (Windows reads text unless told otherwise)."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def read_at(descriptor: int, size: int, place: int) -> bytes:
    """At most ``size`` bytes from ``place`` on."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, place)
    return _sought(descriptor, size, place)


def _sought(descriptor: int, size: int, place: int) -> bytes:
    """The same where the system has no pread (Windows): one thread at a time moves the file's position."""
    with _seeking:
        os.lseek(descriptor, place, os.SEEK_SET)
        return os.read(descriptor, size)
