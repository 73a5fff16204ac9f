"""Whose a file or directory is, and who may change it."""

import os
import stat
from pathlib import Path

_FOLDER = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)

KNOWN = hasattr(os, "geteuid")
"""Whether the system says who owns a file. Windows has rights of another kind: there a user's home is closed to
others, and nothing else is trusted."""


def is_ours(status: os.stat_result) -> bool:
    """Whether a file belongs to this user, or to root, who may do everything anyway."""
    return not KNOWN or status.st_uid in (os.geteuid(), 0)


def is_closed(status: os.stat_result) -> bool:
    """Whether nobody but its owner may change a file, or what stands in a directory.

    In a directory with the sticky bit, such as /tmp, others may add entries but not replace those that are there.
    """
    others = stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
    sticky = stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX)
    return not others or sticky


def is_private_path(folder: Path) -> bool:
    """Whether nobody but this user and root can change which files are in a directory, or put another in its place.

    Every directory from the root of the file system on is opened and looked at, none through a link.
    """
    if not KNOWN:
        return folder.is_relative_to(Path.home())
    try:
        statuses = _path_from_root(Path(os.path.realpath(folder)))
    except OSError:
        return False
    others = stat.S_IMODE(statuses[-1].st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
    return not others and all(is_ours(status) and is_closed(status) for status in statuses)


def _path_from_root(folder: Path) -> list[os.stat_result]:
    """What every directory on the way is, each opened from within the one above it; raises OSError."""
    statuses: list[os.stat_result] = []
    descriptor: int | None = None
    try:
        for part in folder.parts:
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
            if descriptor is not None:
                os.close(descriptor)
            descriptor = inner
            statuses.append(os.fstat(descriptor))
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return statuses
