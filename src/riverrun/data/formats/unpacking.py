"""The bytes of a file, unpacked where it is packed: gzip, bzip2, xz, Zstandard."""

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from riverrun.errors import CorpusError

CHUNK_BYTES = 1 << 22
LARGEST = 64 << 30  # bytes that a packed file may hold
SUFFIXES = (".gz", ".bz2", ".xz", ".zst")

Unpacked = tuple[BinaryIO, type[Exception]]
"""A stream, and what it raises where it is damaged."""


def blocks(path: Path, shown: str, largest: int | None = None) -> Iterator[bytes]:
    """The bytes of a file in pieces, unpacked where its first bytes say that it is packed.

    Args:
        path: of the file.
        shown: its name in messages.
        largest: bytes that it may have; None: what is packed :data:`LARGEST`, what is not any number.

    Raises:
        CorpusError: it cannot be read or is larger, or what is packed is damaged or cut short.
    """
    damaged: type[Exception] = OSError
    left = LARGEST if largest is None else largest
    try:
        with open(path, "rb") as file:
            stream, damaged = _unpack(file)
            while block := stream.read(CHUNK_BYTES):
                left -= len(block)
                if left < 0 and largest is not None:
                    raise CorpusError(f"{shown} is larger than {largest >> 20} MiB: give its text")
                if left < 0 and stream is not file:
                    raise CorpusError(f"{shown} unpacks to more than {LARGEST >> 30} GiB: give it unpacked")
                yield block
    except (OSError, EOFError, damaged) as error:
        raise CorpusError(
            f"{shown} cannot be read: {getattr(error, 'strerror', None) or error or 'it is cut short'}"
        ) from error


def first_bytes(path: Path, count: int) -> bytes:
    """The first ``count`` bytes, unpacked; fewer where there are no more or they are damaged. Raises OSError."""
    damaged: type[Exception] = EOFError
    with open(path, "rb") as file:
        try:
            stream, damaged = _unpack(file)
            return stream.read(count)
        except (EOFError, damaged):
            return b""


def unpacked_name(name: str) -> PurePath:
    """A file's name without what packing adds to it: ``a.txt`` of ``a.txt.gz``."""
    path = PurePath(name)
    return path.with_suffix("") if path.suffix.lower() in SUFFIXES else path


def _unpack(file: BinaryIO) -> Unpacked:
    first = file.read(6)
    file.seek(0)
    if first.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file)), zlib.error
    if first.startswith(b"BZh"):
        return cast(BinaryIO, bz2.BZ2File(file)), OSError
    if first.startswith(b"\xfd7zXZ\x00"):
        return cast(BinaryIO, lzma.LZMAFile(file)), lzma.LZMAError
    if first.startswith(b"\x28\xb5\x2f\xfd"):
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return cast(BinaryIO, zstd.ZstdFile(file)), zstd.ZstdError
    return file, OSError
