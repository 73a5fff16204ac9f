"""A memory that goes on reading: a copy of one, so that the first stays what it was."""

import numpy as np
from numpy.typing import NDArray

from riverrun.memory.kernels import outer
from riverrun.memory.learning import SLOW, predict_and_learn, remember
from riverrun.memory.memory import Memory
from riverrun.memory.shapes import Scene, Tables, empty_scene

_ROOM = 1 << 12  # symbols, at first


class GrowingMemory:
    """Learns from symbols after they were scored."""

    def __init__(self, memory: Memory) -> None:
        """Go on from a memory."""
        tables = memory.tables
        self._lost, self._size, self._low = memory.lost, len(tables.text), len(tables.text)
        text = np.concatenate([tables.text, np.zeros(_ROOM, np.uint16)])
        copies = {
            name: getattr(tables, name).copy() for name in ("pages", "places", "trust", "weights", "votes")
        }
        self._tables = tables._replace(text=text, **copies)
        self._scene = empty_scene(len(tables.forks.page))

    @property
    def memory(self) -> Memory:
        """What it knows by now; it changes as more is read."""
        return Memory(self._tables, self._lost)

    def finished(self) -> Memory:
        """The same for good, without room for more."""
        return Memory(self._tables._replace(text=self._tables.text[: self._size].copy()), self._lost)

    def begin(self, start: int) -> None:
        """A new text begins, before which stands this symbol."""
        self._low = self._size
        self._append(np.array([start]))

    def read(self, ids: NDArray[np.integer]) -> None:
        """Learn how to mix from ids [T], and count them."""
        first = self._size
        self._append(ids)
        self._lost += int(_read(self._tables, self._scene, self._tables.text, self._low, first, self._size))

    def _append(self, ids: NDArray[np.integer]) -> None:
        text, end = self._tables.text, self._size + len(ids)
        if end > len(text):
            text = np.concatenate([text, np.zeros(max(len(text), len(ids)), np.uint16)])
            self._tables = self._tables._replace(text=text)
        text[self._size : end] = ids
        self._size = end


@outer
def _read(tables: Tables, scene: Scene, ids, low, first, last):
    """Predict each symbol and then count it; returns how many pages were let go."""
    lost = 0
    for end in range(first, last):
        predict_and_learn(tables, scene, ids, low, end, SLOW)
        lost += remember(tables, scene, ids, low, end)
    return lost
