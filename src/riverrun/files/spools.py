"""Temporary files for what can be read only once, or must be made first: bounded, and gone when the process is."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

_DESCRIPTORS = Path("/proc/self/fd")
_open: list[IO[bytes]] = []  # until exit: closing one deletes its file


def spool(blocks: Iterable[bytes], most: int | None = None) -> Path:
    """Keep a stream in a file that can be opened again and again until the process ends.

    Where the system lets an open file be reached without a name (Linux), the file has none: even a process that is
    killed leaves nothing behind.

    Args:
        blocks: of the stream.
        most: bytes it may have; None: half of what the disk has left.

    Raises:
        OSError: it is longer, or cannot be written.
    """
    bound = shutil.disk_usage(tempfile.gettempdir()).free // 2 if most is None else most
    nameless = os.access(_DESCRIPTORS, os.X_OK)
    make = tempfile.TemporaryFile if nameless else tempfile.NamedTemporaryFile
    file: IO[bytes] = make(prefix="riverrun-")
    try:
        for block in blocks:
            bound -= len(block)
            if bound < 0:
                raise OSError(errno.EFBIG, "it is longer than there is room for in the temporary directory")
            file.write(block)
        file.flush()
    except BaseException:
        file.close()
        raise
    _open.append(file)
    return _DESCRIPTORS / str(file.fileno()) if nameless else Path(file.name)


def is_spool(path: Path) -> bool:
    """Whether a path is of such a file."""
    return path.parent == _DESCRIPTORS or str(path) in {str(file.name) for file in _open}
