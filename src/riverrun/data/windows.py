"""Windows of text, each read from a fresh state or from where the one before it ended."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from riverrun.data.batch import MASKED, Batch, Cursor
from riverrun.data.ids import IdFile
from riverrun.errors import CorpusError

_STRETCH = 1 << 20  # windows shuffled together, and ids kept: a long text takes no more memory than that


@dataclass(frozen=True)
class Windows:
    """Cuts N ids into overlapping windows, as the tutorials do; of a long text a stretch is held at a time.

    Attributes:
        ids: the text.
        window, shortest: longest and shortest number of symbols read; between them each length is as likely.
        stride: symbols from the start of one window to the start of the next.
        batch: windows read side by side, B.
        seed: of their order and lengths.
        shuffled: each pass in another order, else as in the text.
        carries: a window goes on from the state in which the window before it ended; then each of the B
            columns walks through its own part of the text.
        every: every symbol of a window is predicted, else only the one after its end.
        context: symbols read before the window proper.
    """

    ids: IdFile
    window: int
    shortest: int
    stride: int
    batch: int
    seed: int
    shuffled: bool
    carries: bool
    every: bool
    context: int = 0

    def __post_init__(self) -> None:
        if self.count < 1 or (self.carries and self.count < self.batch):
            raise CorpusError(
                f"the text has {self.ids.length} symbols: too few for windows of {self.window} in batches of "
                f"{self.batch}; give more text, or lower --data.window or --training.batch"
            )

    @cached_property
    def count(self) -> int:
        """Windows in one pass."""
        return -(-(self.ids.length - self.shortest - self.context) // self.stride)

    @property
    def masked(self) -> bool:
        """Windows differ in length, so that some targets do not count."""
        return self.shortest < self.window

    @cached_property
    def batches_per_epoch(self) -> int:
        """The last batch may be smaller; where state is carried it is left out."""
        return self.count // self.batch if self.carries else -(-self.count // self.batch)

    @property
    def symbols_per_batch(self) -> int:
        return self.batch * self.window

    @property
    def targets_per_batch(self) -> int:
        """At most."""
        return self.batch * (self.window if self.every else 1)

    def read(self, cursor: Cursor) -> Batch:
        """The batch at a cursor."""
        windows = self._windows(cursor)
        seen = self._texts(windows)
        targets = seen[self.context + 1 :] if self.every or self.masked else seen[-1:]
        if self.masked:
            targets = np.where(self._predicted(cursor, windows), targets, MASKED)
        return Batch(seen[:-1], targets, np.full(len(windows), not self.carries or cursor.chunk == 0))

    def spread(self, limit: int) -> Iterator[Batch]:
        """Batches that read about ``limit`` symbols in all, evenly through the text; carried ones all in order."""
        affordable = max(1, limit // (self.batch * self.window))
        apart = 1 if self.carries else math.ceil(self.batches_per_epoch / affordable)
        return (self.read(Cursor(0, chunk)) for chunk in range(0, self.batches_per_epoch, apart))

    def _windows(self, cursor: Cursor) -> NDArray[np.int64]:
        """Numbers [B] of the windows in a batch."""
        if self.carries:
            return np.arange(self.batch) * self.batches_per_epoch + cursor.chunk
        begin, end = cursor.chunk * self.batch, min((cursor.chunk + 1) * self.batch, self.count)
        if not self.shuffled:
            return np.arange(begin, end)
        first, last = begin // _STRETCH, (end - 1) // _STRETCH
        order = self._order(cursor.epoch, first)
        if last > first:
            more = (self._order(cursor.epoch, stretch) for stretch in range(first + 1, last + 1))
            order = np.concatenate([order, *more])
        return order[begin - first * _STRETCH : end - first * _STRETCH]

    def _order(self, epoch: int, stretch: int) -> NDArray[np.int64]:
        """Numbers of the windows of one stretch of the text, in the order of a pass."""
        begin = stretch * _STRETCH
        return shuffled(self.seed, epoch, begin, min(begin + _STRETCH, self.count))

    def _texts(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ids [context + T + 1, B] of the text from each start; what lies past its end is not predicted."""
        if self._short_text is not None:
            return self._short_text[windows].T
        return np.stack([self._padded(int(start)) for start in windows * self.stride], axis=1)

    @cached_property
    def _short_text(self) -> NDArray[np.int64] | None:
        """The ids of all windows, where the text is short enough to be kept: a view of it."""
        if self.ids.length > _STRETCH:
            return None
        rows = self.context + self.window + 1
        ids = np.pad(self.ids.read(0, self.ids.length), (0, rows))
        return np.lib.stride_tricks.sliding_window_view(ids, rows)[:: self.stride]

    def _padded(self, start: int) -> NDArray[np.int64]:
        rows = self.context + self.window + 1
        ids = self.ids.read(start, min(start + rows, self.ids.length))
        return np.pad(ids, (0, rows - len(ids)))

    def _predicted(self, cursor: Cursor, windows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which targets [T, B] count, where windows differ in length."""
        longest = np.minimum(self.window, self.ids.length - windows * self.stride - self.context - 1)
        random = np.random.default_rng((self.seed, cursor.epoch, cursor.chunk))
        lengths = random.integers(self.shortest, longest + 1)
        places = np.arange(self.window)[:, None]
        return places < lengths if self.every else places == lengths - 1


@lru_cache(maxsize=2)
def shuffled(seed: int, epoch: int, begin: int, end: int) -> NDArray[np.int64]:
    """The numbers from ``begin`` to ``end`` in an order that depends on the arguments alone."""
    return begin + np.random.default_rng((seed, epoch, begin)).permutation(end - begin)
