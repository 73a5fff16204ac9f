"""Sequences of integer ids on disk, written and read one at a time and never held together."""

import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from riverrun.data.positional import read_at

Ids = NDArray[np.int32]
PIECE = 1 << 16  # ids read at once where all are read


class Rows:
    """N sequences of ids, end to end in an unnamed temporary file. In memory are eight bytes a sequence."""

    def __init__(self, sequences: Iterable[Ids] = ()) -> None:
        """Store sequences in order."""
        self._file = tempfile.TemporaryFile(prefix="riverrun-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._ends = array("q", [0])
        for sequence in sequences:
            self.append(sequence)

    def append(self, sequence: Ids) -> None:
        """Store one more."""
        self._file.write(np.asarray(sequence, np.int32).tobytes())
        self._ends.append(self._ends[-1] + len(sequence))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> Ids:
        return self._read(self._ends[index], self._ends[index + 1])

    def __iter__(self) -> Iterator[Ids]:
        return (self[index] for index in range(len(self)))

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where each sequence begins, and the end of the last [N + 1]."""
        return np.frombuffer(self._ends, np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Of each sequence [N]."""
        return np.diff(self.ends)

    def counts(self, size: int) -> NDArray[np.int64]:
        """How often each id below ``size`` occurs [size]."""
        total = np.zeros(size, np.int64)
        for start in range(0, self._ends[-1], PIECE):
            total += np.bincount(self._read(start, min(start + PIECE, self._ends[-1])), minlength=size)
        return total

    def _read(self, start: int, stop: int) -> Ids:
        """Through the page cache rather than a mapping, so that resident memory stays as it is."""
        size = np.dtype(np.int32).itemsize
        return np.frombuffer(read_at(self._file.fileno(), (stop - start) * size, start * size), np.int32)
