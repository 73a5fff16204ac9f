"""A memory laid out for the loop."""

import numpy as np

from riverrun.generation.compiled import layout as at
from riverrun.memory.shapes import CONTEXTS, INPUTS, WAYS
from riverrun.memory.stored import Remembered

SCRATCH = 5 + CONTEXTS + INPUTS + 2 * WAYS
"""Words of a scene that are of no fork; of each fork there are CONTEXTS + 3."""


class Recall:
    """Addresses of a memory's arrays, which stay referenced as long as it does."""

    def __init__(self, remembered: Remembered, share: float) -> None:
        """Lay out a memory that is followed in part, 0 to 1."""
        tables, forks = remembered.memory.tables, remembered.memory.tables.forks
        self._size = SCRATCH + (CONTEXTS + 3) * len(forks.page)
        self._arrays = {
            at.RECALL_PAGES: tables.pages,
            at.RECALL_TEXT: tables.text,
            at.RECALL_MATCHES: tables.places,
            at.RECALL_TRUST: tables.trust,
            at.RECALL_MIXING: tables.weights,
            at.RECALL_VOTES: tables.votes,
            at.RECALL_BELOW: forks.below,
            at.RECALL_ABOVE: forks.above,
            at.RECALL_PAGE_OF: forks.page,
            at.RECALL_SLOT: forks.slot,
            at.RECALL_PATH: forks.path,
            at.RECALL_PATH_STARTS: forks.starts,
            at.RECALL_KIND: tables.kind,
            at.RECALL_FOLD: tables.fold,
            at.RECALL_GATE: remembered.gate.weights,
            at.RECALL_SHARE: np.array([share], np.float64),
        }
        self._arrays = {field: np.ascontiguousarray(array) for field, array in self._arrays.items()}
        self._sizes = {
            at.RECALL_PAGES_SIZE: at.RECALL_PAGES,
            at.RECALL_TEXT_SIZE: at.RECALL_TEXT,
            at.RECALL_MATCHES_SIZE: at.RECALL_MATCHES,
            at.RECALL_PATH_SIZE: at.RECALL_PATH,
        }

    def scene(self) -> np.ndarray:
        """Scratch for one task, int64: nothing is expected yet."""
        return np.full(self._size, -1, np.int64)

    def described(self, scene: np.ndarray) -> np.ndarray:
        """What the loop is told, int64 [RECALLED]."""
        recalled = np.zeros(at.RECALLED, np.int64)
        for field, array in self._arrays.items():
            recalled[field] = array.ctypes.data
        for field, array in self._sizes.items():
            recalled[field] = self._arrays[array].size
        recalled[at.RECALL_SCENE] = scene.ctypes.data
        return recalled
