"""Temporary files for what can be read only once, or must be made first: bounded, and gone when the process is."""

import atexit
import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import IO

_DESCRIPTORS = Path("/proc/self/fd")
_named: set[Path] = set()


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
    make = tempfile.TemporaryFile if nameless else partial(tempfile.NamedTemporaryFile, delete=False)
    file: IO[bytes] = make(prefix="riverrun-")
    if not nameless:
        _named.add(path := Path(file.name))
        atexit.register(path.unlink, missing_ok=True)
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
    if nameless:
        atexit.register(file.close)  # which deletes it, and so does the end of the process, however it comes
        return _DESCRIPTORS / str(file.fileno())
    file.close()  # Windows opens no file twice that is to be deleted
    return Path(file.name)


def is_spool(path: Path) -> bool:
    """Whether a path is of such a file."""
    return path.parent == _DESCRIPTORS or path in _named
