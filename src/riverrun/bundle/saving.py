"""How a model goes out: whole or not at all, and what was there before stays until then.

In a directory that holds other things too, the new files are first laid beside the old ones under hidden names that
their checksums give, then the manifest is renamed: with that one rename they are current. Only then do they take
their own names. Whoever reads meanwhile, or after a kill at any point, finds the files that the manifest lists under
one name or the other.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from riverrun.bundle.manifest import LONGEST_MANIFEST, Listed, Manifest, manifest_of, parse_manifest
from riverrun.bundle.names import MANIFEST
from riverrun.errors import OutputError
from riverrun.files import incoming, outgoing


def write_model_directory(path: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write files and their manifest to a directory: a new one by one rename, an old one as :func:`write_files`.

    Raises:
        OutputError: the disk is full or not writable; what was there stays.
    """
    with telling_of_faults(path):
        if path.exists():
            _replace(path, files, facts)
        else:
            outgoing.write_directory(path, {**files, MANIFEST: manifest_of(files, facts).to_json()})


def write_files(path: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Make files the model in a directory that may hold other things too.

    Raises:
        OutputError: the disk is full or not writable, or a link or directory has one of the names; what was there
            stays.
    """
    with telling_of_faults(path):
        path.mkdir(parents=True, exist_ok=True)
        _replace(path, files, facts)


def _replace(path: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    finish(path)
    manifest = manifest_of(files, facts)
    beside = {name: set_aside(path, name, listed) for name, listed in manifest.files.items()}
    for name in files:
        outgoing.check_replaceable(path / name)
    try:
        for name, content in files.items():
            outgoing.write(beside[name], content)
        outgoing.sync_directory(path)
        outgoing.write(path / MANIFEST, manifest.to_json())
        outgoing.sync_directory(path)
    finally:
        if _current(path) != manifest:  # even where a signal came in between
            for hidden in beside.values():
                outgoing.remove(hidden)
    finish(path)


def finish(path: Path) -> None:
    """Give a model's files their own names, where a kill left them under hidden ones; raises OSError."""
    if (manifest := _current(path)) is None:
        return
    for name, listed in manifest.files.items():
        if (hidden := set_aside(path, name, listed)).exists():
            outgoing.move(hidden, path / name)
    outgoing.sync_directory(path)


def _current(path: Path) -> Manifest | None:
    try:
        return parse_manifest(incoming.read(path / MANIFEST, LONGEST_MANIFEST))
    except (OSError, ValueError):
        return None


def set_aside(path: Path, name: str, listed: Listed) -> Path:
    """Where a new file waits for its name."""
    return path / f".{name}.{listed.sha256[:16]}"


@contextmanager
def telling_of_faults(path: Path) -> Iterator[None]:
    """Turns an OSError into an OutputError that names ``path`` and the reason."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}") from error


def reason(error: OSError) -> str:
    """Why a file cannot be written, in words."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full"
        case errno.EFBIG:
            return "a file would be larger than is allowed (ulimit -f)"
        case _:
            return error.strerror or str(error)
