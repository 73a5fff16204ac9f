"""Windows of text, each read from a fresh state or from where the one before it ended."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.data.ids import IdFile
from riverrun.data.lanes import Cursor
from riverrun.errors import CorpusError

MASKED = -100  # a target that does not count: what torch's cross-entropy ignores
_STRETCH = 1 << 20  # windows shuffled together, and ids kept: a long text takes no more memory than that


class WindowBatch(NamedTuple):
    """B windows side by side, shorter ones padded at their end.

    Attributes:
        inputs: ids [context + T, B]; the first ``context`` rows only fill the memory of past symbols.
        targets: ids [P, B], what follows each of the last P inputs; ``MASKED`` where nothing is predicted.
        fresh: the windows are read from the initial state.
        after: the cursor that follows.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    fresh: bool
    after: Cursor


@dataclass(frozen=True)
class Windows:
    """Cuts N ids into overlapping windows, as the tutorials do, without ever holding more than one batch.

    Attributes:
        ids: the text.
        window, shortest: longest and shortest number of symbols read; between them each length is as likely.
        stride: symbols from the start of one window to the start of the next.
        batch: windows read side by side, B.
        seed: of their order and lengths.
        shuffled: each pass in another order, else as in the text.
        carried: a window goes on from the state in which the window before it ended; then each of the B
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
    carried: bool
    every: bool
    context: int = 0

    def __post_init__(self) -> None:
        if self.count < 1 or (self.carried and self.count < self.batch):
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
        return self.count // self.batch if self.carried else -(-self.count // self.batch)

    def read(self, cursor: Cursor) -> WindowBatch:
        """The batch at a cursor."""
        windows = self._windows(cursor)
        seen = self._texts(windows)
        targets = seen[self.context + 1 :] if self.every or self.masked else seen[-1:]
        if self.masked:
            targets = np.where(self._predicted(cursor, windows), targets, MASKED)
        last = cursor.chunk + 1 == self.batches_per_epoch
        after = Cursor(cursor.epoch + 1, 0) if last else Cursor(cursor.epoch, cursor.chunk + 1)
        return WindowBatch(seen[:-1], targets, not self.carried or cursor.chunk == 0, after)

    def _windows(self, cursor: Cursor) -> NDArray[np.int64]:
        """Numbers [B] of the windows in a batch."""
        if self.carried:
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
