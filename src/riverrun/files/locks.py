"""A directory held by one process alone, until it ends, however it ends."""

import os
import sys
from pathlib import Path


class Lock:
    """A hold on a directory, which the system takes back when the process dies. It leaves no file behind."""

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            BlockingIOError: somebody else holds it.
            OSError: the directory is not there, or its file system knows no locks.
        """
        self._descriptor = _take(folder)

    def release(self) -> None:
        """Give it back; may be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


if sys.platform == "win32":
    import msvcrt

    def _take(folder: Path) -> int:
        """There a directory cannot be locked; a file in it can, which goes when it is closed."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TEMPORARY
        descriptor = os.open(folder / ".lock", flags)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            os.close(descriptor)
            raise BlockingIOError(error.errno, "held by another process") from error
        return descriptor

else:
    import fcntl

    def _take(folder: Path) -> int:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor
