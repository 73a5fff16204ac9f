"""The compiled decoder, seen from Python: it lays out memory, describes a task and calls the machine code."""

import itertools
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.config.resolved import LanguageShape
from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.layout import CONV, LANES, LSTM, PANEL, SETTING, rounded
from riverrun.generation.compiled.pace import Pace, cores, in_threads
from riverrun.generation.compiled.packed_weights import pack_weights
from riverrun.generation.draws import start
from riverrun.generation.entrance import check_sequences, check_state, checked_ids, checked_pairs
from riverrun.generation.sampling import LATEST, Sampling
from riverrun.generation.state import Position, Positions, Samplings, Scores, Seeds, State, Written
from riverrun.text.permitted import Permitted, all_text, condition_after

if TYPE_CHECKING:
    from riverrun.generation.compiled.recalling import Recall

_READ_AT_ONCE = 64  # time steps between two clearings of the histories
_WORTH_A_THREAD = 100 << 20  # bytes of weights to go through, at about 100 GB/s
_WORTH_SHARING = 512 << 10  # bytes of weights that each of several threads should have at a step


class _Wanted(NamedTuple):
    """What a task is to write: for each of K sequences where it stands, how it chooses, seed and number; T symbols;
    how much of it is done; and a memory that is looked up, if there is one."""

    positions: Sequence[Position]
    samplings: Sequence[Sampling]
    seeds: Sequence[tuple[int, int]]
    symbols: int
    stages: int
    recall: "Recall | None" = None

    def part(self, which: slice) -> "_Wanted":
        """The same for some of the sequences."""
        return self._replace(
            positions=self.positions[which], samplings=self.samplings[which], seeds=self.seeds[which]
        )


class _Written(NamedTuple):
    """What a task gave: symbols [K, T], the positions after them, the last logits [K, V]."""

    symbols: NDArray[np.int64]
    after: list[Position]
    logits: NDArray[np.float32]


class CompiledDecoder:
    """Runs a model in machine code; what its methods do is said at :class:`PlainDecoder`.

    A state has one part, float32: of every layer its past, then for LSTM its cells.
    """

    def __init__(
        self,
        weights: Weights,
        shape: LanguageShape,
        precision: str = "fp32",
        permitted: Permitted | None = None,
    ) -> None:
        """Pack the weights; matrices are kept in the precision given.

        Args:
            weights: arrays of ``model.safetensors``.
            shape: of the network.
            precision: fp32, bf16 or int8, which has a factor for each row (Jacob et al. 2018); sums are float32
                always.
            permitted: which symbols may be written where.

        Raises:
            CompilationError: there is no machine code and none can be made.
        """
        from riverrun.generation.compiled.machine_code import (
            entry_point,
        )  # needs LLVM, which may not be there

        self._run = entry_point()
        kind = {"fp32": at.FLOAT32, "bf16": at.BFLOAT16, "int8": at.INT8}[precision]
        self._plan, self._values = pack_weights(weights, shape, kind)
        self._pairs = kind == at.BFLOAT16
        self.vocabulary = int(self._plan[at.VOCABULARY])
        self._permitted = all_text(self.vocabulary) if permitted is None else np.ascontiguousarray(permitted)
        self._core, self._layers, self._width = (int(self._plan[i]) for i in (at.CORE, at.LAYERS, at.WIDTH))
        fields = self._plan[at.HEADER :][: (self._layers + (self._core == CONV)) * at.LAYER_FIELDS]
        self._pasts = [int(past) for past in fields[at.PAST :: at.LAYER_FIELDS]]
        cells = self._layers if self._core == LSTM else 0
        self._state_size = (sum(self._pasts) + cells) * self._width
        self._initial = State((np.zeros(self._state_size, np.float32),))
        table = self.vocabulary * int(self._plan[at.TABLE_WIDTH])
        self.bytes_per_symbol = self._values.nbytes - 4 * table  # weights read for each one
        self._written_at_once = min(32, max(4, max(self._pasts) // 8))  # long pasts are worth moving rarely
        self._pace = Pace(max(1, min(cores(), self.bytes_per_symbol // _WORTH_SHARING)))

    def initial_state(self) -> State:
        return self._initial

    def feed(self, ids: Sequence[int] | NDArray[np.integer], state: State) -> State:
        symbols = checked_ids(ids, self.vocabulary)
        check_state(state, self._initial, self.vocabulary)
        return self._read(symbols, state, at.FEED) if len(symbols) else state

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: State
    ) -> tuple[Scores, State]:
        symbols, goals = checked_pairs(inputs, targets, self.vocabulary)
        check_state(state, self._initial, self.vocabulary)
        surprisal, correct = np.empty(len(symbols)), np.empty(len(symbols), np.uint8)
        arrays = {at.TARGETS: goals, at.SURPRISAL: surprisal, at.CORRECT: correct}
        after = self._read(symbols, state, at.SCORE, arrays)
        return Scores(surprisal, correct.astype(np.bool_)), after

    def logits(self, positions: Sequence[Position]) -> tuple[NDArray[np.float32], list[State]]:
        count = len(positions)
        found = self._in_teams(
            _Wanted(positions, [Sampling()] * count, [(0, 0)] * count, 1, at.PROJECTION_TOO)
        )
        return found.logits, [position.state for position in found.after]

    def predict(self, inputs: NDArray[np.integer], state: State) -> tuple[NDArray[np.float32], State]:
        symbols = checked_ids(inputs, self.vocabulary)
        check_state(state, self._initial, self.vocabulary)
        logits = np.empty((len(symbols), self.vocabulary), np.float32)
        if not len(symbols):
            return logits, state
        return logits, self._read(symbols, state, at.PREDICT, {at.PREDICTED: logits})

    def write(
        self,
        positions: Positions,
        samplings: Samplings,
        seeds: Seeds,
        count: int,
        recall: "Recall | None" = None,
    ) -> Written:
        found = self._in_teams(_Wanted(positions, samplings, seeds, count, at.EVERYTHING, recall))
        return found.symbols, found.after

    def _in_teams(self, wanted: _Wanted) -> _Written:
        """Sequences shared out between the cores, where that is worth a thread."""
        check_sequences(*wanted[:4], self._initial, self.vocabulary)
        sequences = len(wanted.positions)
        teams = min(
            cores(), sequences, max(1, sequences * wanted.symbols * self.bytes_per_symbol // _WORTH_A_THREAD)
        )
        if teams < 2:
            return self._write(wanted)
        bounds = [sequences * team // teams for team in range(teams + 1)]
        found: list[Any] = [None] * teams

        def job(team: int) -> None:
            found[team] = self._write(wanted.part(slice(bounds[team], bounds[team + 1])))

        in_threads([partial(job, team) for team in range(teams)])
        symbols, after, logits = zip(*found, strict=True)
        return _Written(np.concatenate(symbols), [*itertools.chain(*after)], np.concatenate(logits))

    def stage_seconds(self, position: Position, sampling: Sampling, count: int) -> dict[str, float]:
        """What writing one symbol takes, in seconds: recurrence, projection and sampling."""
        seconds = [0.0]
        for stages in (at.RECURRENCE, at.PROJECTION_TOO, at.EVERYTHING):
            times = []
            for _ in range(3):
                began = time.perf_counter()
                self._write(_Wanted([position], [sampling], [(0, 0)], count, stages))
                times.append((time.perf_counter() - began) / count)
            seconds.append(min(times))
        names = ("recurrence", "projection", "sampling")
        return {name: max(0.0, seconds[i + 1] - seconds[i]) for i, name in enumerate(names)}

    def _write(self, wanted: _Wanted) -> _Written:
        positions, samplings, seeds, count, stages, recall = wanted
        states = np.stack([position.state.parts[0] for position in positions])
        known = [len(position.state.latest) + 1 for position in positions]
        margin = max(known)
        trail = np.zeros((len(positions), margin + count), np.int64)
        for row, length, position in zip(trail, known, positions, strict=True):
            row[margin - length : margin - 1] = position.state.latest
            row[margin - 1] = position.last
        conditions = np.zeros(len(positions), np.int64)
        if len(self._permitted) > 1:
            conditions[:] = [condition_after(self._permitted, position.recent) for position in positions]
        arrays = {
            at.STATES: states,
            at.TRAIL: trail,
            at.KNOWN: np.array(known, np.int64),
            at.SAMPLING: np.array([row_of(sampling) for sampling in samplings]),
            at.STARTS: np.array([start(seed, sequence) for seed, sequence in seeds], np.uint64),
            at.WRITTEN: np.array([position.written for position in positions], np.int64),
            at.SYMBOLS: np.empty(len(positions), np.int64),
            at.PERMITTED: self._permitted,
            at.CONDITIONS: conditions,
        }
        if recall is not None:
            scene = recall.scene()
            arrays |= {at.RECALL: recall.described(scene)}
        numbers = {at.MODE: at.WRITE, at.COUNT: count, at.CHUNK: self._written_at_once, at.MARGIN: margin}
        logits = self._call({**numbers, at.SEQUENCES: len(positions), at.STAGES: stages}, arrays)
        after = []
        for k, (position, length) in enumerate(zip(positions, known, strict=True)):
            latest = trail[k, max(margin - length, margin + count - 1 - LATEST) : -1].copy()
            reached = State((states[k],), latest)
            after.append(Position(reached, int(trail[k, -1]), position.written + count))
        return _Written(trail[:, margin:], after, logits)

    def _read(
        self, ids: NDArray[np.int64], state: State, mode: int, arrays: dict[int, NDArray[Any]] | None = None
    ) -> State:
        parts = state.parts[0][None].copy()
        numbers = {at.MODE: mode, at.COUNT: len(ids), at.CHUNK: _READ_AT_ONCE, at.SEQUENCES: 1}
        self._call(numbers, {at.STATES: parts, at.IDS: ids, **(arrays or {})})
        return state.after((parts[0],), ids)

    def _call(self, numbers: dict[int, int], arrays: dict[int, NDArray[Any]]) -> NDArray[np.float32]:
        """Run a task; one long enough of a single sequence by as many threads as are fastest. Returns logits."""
        if numbers[at.SEQUENCES] > 1 or numbers[at.COUNT] * self.bytes_per_symbol < _WORTH_A_THREAD:
            return self._call_with(1, numbers, arrays)
        count = numbers[at.COUNT]
        ranks, began = self._pace.ranks(count), time.perf_counter()
        logits = self._call_with(ranks, numbers, arrays)
        self._pace.took(ranks, count, (time.perf_counter() - began) / count)
        return logits

    def _call_with(
        self, ranks: int, numbers: dict[int, int], arrays: dict[int, NDArray[Any]]
    ) -> NDArray[np.float32]:
        """Run a task with ``ranks`` threads; its arrays stay referenced until it is done.

        Returns:
            The last logits of writing, [K, V].
        """
        task = np.zeros(at.HISTORIES + len(self._pasts), np.int64)
        for field, value in numbers.items():
            task[field] = value
        size = self._arrange(task)
        choice = np.empty((ranks, 4 * self.vocabulary), np.float64)
        longest = max(int(task[at.STRIDE]), int(self._plan[at.TABLE_WIDTH]))
        rows = numbers[at.CHUNK] * numbers[at.SEQUENCES] if self._pairs else 0
        pairs = np.empty((ranks, rows * longest), np.uint32)
        memory = np.zeros(size, np.float32)
        arrays = {
            **arrays,
            at.PLAN: self._plan,
            at.WEIGHTS: self._values,
            at.MEMORY: memory,
            at.MEETING: np.zeros(1, np.int64),
        }
        task[at.STATE_SIZE], task[at.RANKS] = self._state_size, ranks
        for field, array in arrays.items():
            task[field] = array.ctypes.data
        tasks = np.repeat(task[None], ranks, axis=0)
        for rank in range(ranks):
            tasks[rank, at.RANK], tasks[rank, at.CHOICE] = rank, choice[rank].ctypes.data
            tasks[rank, at.ROUNDED] = pairs[rank].ctypes.data
        in_threads([partial(self._run, row.ctypes.data) for row in tasks])
        sequences, place = numbers[at.SEQUENCES], int(task[at.LOGITS])
        width = int(self._plan[self._plan[at.PROJECTION] + at.PANELS]) * PANEL
        return memory[place : place + sequences * width].reshape(sequences, width)[:, : self.vocabulary]

    def _arrange(self, task: NDArray[np.int64]) -> int:
        """Give every part of the memory its place; returns the size of all, in elements."""
        chunk, sequences, plan = int(task[at.CHUNK]), int(task[at.SEQUENCES]), self._plan
        rows, panels = int(plan[at.ROWS]), int(plan[plan[at.PROJECTION] + at.PANELS])
        # Rows a little longer than a power of two, so that several do not compete for the same cache lines.
        stride = rounded(self._width, PANEL) + LANES
        sizes = {
            at.CELLS: self._layers * sequences * stride,
            at.GIVEN: chunk * sequences * rows,
            at.KEPT: sequences * rows,
            at.MIXED: chunk * sequences * stride,
            at.GATHERED: chunk * sequences * int(plan[at.TABLE_WIDTH]),
            at.LOGITS: max(sequences, chunk) * panels * PANEL,
        }
        for index, past in enumerate(self._pasts):
            sizes[at.HISTORIES + index] = (past + chunk) * sequences * stride
        task[at.STRIDE], place = stride, 0
        for field, size in sizes.items():
            task[field] = place
            place += rounded(size, LANES)
        return place


def row_of(sampling: Sampling) -> list[float]:
    """Sampling settings in the order of ``layout``."""
    return [float(getattr(sampling, name)) for name in SETTING]
