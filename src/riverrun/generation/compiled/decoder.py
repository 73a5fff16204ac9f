"""The compiled decoder, seen from Python: it lays out memory, describes a task and calls the machine code."""

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.layout import CONV, LANES, LSTM, PANEL, rounded
from riverrun.generation.compiled.machine_code import entry_point
from riverrun.generation.compiled.threads import Pace, cores, in_threads
from riverrun.generation.compiled.weights import pack
from riverrun.generation.decoder import Position, Precision, Scores, State
from riverrun.generation.draws import start
from riverrun.generation.sampling import Sampling

_READ_AT_ONCE = 64  # time steps between two clearings of the histories
_WORTH_A_THREAD = 100 << 20  # bytes of weights to go through, at about 100 GB/s
_WORTH_SHARING = 512 << 10  # bytes of weights that each of several threads should have at a step


class CompiledDecoder:
    """Runs a model in machine code.

    A state is one array, float32: of every layer its past, then for LSTM its cells.
    """

    def __init__(self, weights: Weights, model: dict[str, Any], precision: Precision = "fp32") -> None:
        """Pack the weights; matrices are kept in the precision given.

        Args:
            weights: arrays of ``model.safetensors``.
            model: the ``[model]`` section of its settings.
            precision: int8 has a factor for each row (Jacob et al. 2018); sums are float32 always.
        """
        self._run = entry_point()
        kind = {"fp32": at.FLOAT32, "bf16": at.BFLOAT16, "int8": at.INT8}[precision]
        self._plan, self._values = pack(weights, model, kind)
        self._pairs = kind == at.BFLOAT16
        self.vocabulary = int(self._plan[at.VOCABULARY])
        self._core, self._layers, self._width = (int(self._plan[i]) for i in (at.CORE, at.LAYERS, at.WIDTH))
        fields = self._plan[at.HEADER :][: (self._layers + (self._core == CONV)) * at.LAYER_FIELDS]
        self._pasts = [int(past) for past in fields[at.PAST :: at.LAYER_FIELDS]]
        cells = self._layers if self._core == LSTM else 0
        self._state_size = (sum(self._pasts) + cells) * self._width
        table = self.vocabulary * int(self._plan[at.TABLE_WIDTH])
        self.bytes_per_symbol = self._values.nbytes - 4 * table  # weights read for each one
        self._written_at_once = min(32, max(4, max(self._pasts) // 8))  # long pasts are worth moving rarely
        self._pace = Pace(max(1, min(cores(), self.bytes_per_symbol // _WORTH_SHARING)))

    def initial_state(self) -> State:
        return (np.zeros(self._state_size, np.float32),)

    def feed(self, ids: Sequence[int] | NDArray[np.integer], state: State) -> State:
        if not len(ids):
            return state
        return self._read(np.ascontiguousarray(ids, np.int64), state, at.FEED)

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: State
    ) -> tuple[Scores, State]:
        surprisal, correct = np.empty(len(inputs)), np.empty(len(inputs), np.uint8)
        goals = np.ascontiguousarray(targets, np.int64)
        arrays = {at.TARGETS: goals, at.SURPRISAL: surprisal, at.CORRECT: correct}
        after = self._read(np.ascontiguousarray(inputs, np.int64), state, at.SCORE, arrays)
        return Scores(surprisal, correct.astype(np.bool_)), after

    def predict(self, inputs: NDArray[np.integer], state: State) -> tuple[NDArray[np.float32], State]:
        logits = np.empty((len(inputs), self.vocabulary), np.float32)
        if not len(inputs):
            return logits, state
        ids = np.ascontiguousarray(inputs, np.int64)
        return logits, self._read(ids, state, at.PREDICT, {at.PREDICTED: logits})

    def write(
        self, positions: list[Position], samplings: list[Sampling], seeds: list[tuple[int, int]], count: int
    ) -> tuple[NDArray[np.int64], list[Position]]:
        sequences = len(positions)
        teams = min(cores(), sequences, max(1, sequences * count * self.bytes_per_symbol // _WORTH_A_THREAD))
        if teams < 2:
            return self._write(positions, samplings, seeds, count)
        bounds = [sequences * team // teams for team in range(teams + 1)]
        results: list[Any] = [None] * teams

        def job(team: int) -> None:
            part = slice(bounds[team], bounds[team + 1])
            results[team] = self._write(positions[part], samplings[part], seeds[part], count)

        in_threads([partial(job, team) for team in range(teams)])
        return np.concatenate([symbols for symbols, _ in results]), [p for _, after in results for p in after]

    def stage_seconds(self, position: Position, sampling: Sampling, count: int) -> dict[str, float]:
        """What writing one symbol takes, in seconds: recurrence, projection and sampling."""
        seconds = [0.0]
        for stages in (at.RECURRENCE, at.PROJECTION_TOO, at.EVERYTHING):
            times = []
            for _ in range(3):
                began = time.perf_counter()
                self._write([position], [sampling], [(0, 0)], count, stages)
                times.append((time.perf_counter() - began) / count)
            seconds.append(min(times))
        names = ("recurrence", "projection", "sampling")
        return {name: max(0.0, seconds[i + 1] - seconds[i]) for i, name in enumerate(names)}

    def _write(
        self,
        positions: list[Position],
        samplings: list[Sampling],
        seeds: list[tuple[int, int]],
        count: int,
        stages: int = at.EVERYTHING,
    ) -> tuple[NDArray[np.int64], list[Position]]:
        states = np.stack([position.state[0] for position in positions])
        margin = max(1, *(len(position.recent) for position in positions))
        trail = np.zeros((len(positions), margin + count), np.int64)
        for k, position in enumerate(positions):
            trail[k, margin - len(position.recent) : margin] = position.recent
            trail[k, margin - 1] = position.last
        known = np.array([len(position.recent) for position in positions], np.int64)
        arrays = {
            at.STATES: states,
            at.TRAIL: trail,
            at.KNOWN: known,
            at.SAMPLING: np.array([settings(sampling) for sampling in samplings]),
            at.STARTS: np.array([start(seed, sequence) for seed, sequence in seeds], np.uint64),
            at.WRITTEN: np.array([position.written for position in positions], np.int64),
            at.SYMBOLS: np.empty(len(positions), np.int64),
        }
        numbers = {at.MODE: at.WRITE, at.COUNT: count, at.CHUNK: self._written_at_once, at.MARGIN: margin}
        self._call({**numbers, at.SEQUENCES: len(positions), at.STAGES: stages}, arrays)
        after = []
        for k, (position, sampling) in enumerate(zip(positions, samplings, strict=True)):
            length = min(max(1, sampling.repetition_window), int(known[k]) + count)
            recent = tuple(trail[k, margin + count - length :].tolist())
            after.append(Position((states[k],), int(trail[k, -1]), recent, position.written + count))
        return trail[:, margin:], after

    def _read(
        self, ids: NDArray[np.int64], state: State, mode: int, arrays: dict[int, NDArray[Any]] | None = None
    ) -> State:
        states = state[0][None].copy()
        numbers = {at.MODE: mode, at.COUNT: len(ids), at.CHUNK: _READ_AT_ONCE, at.SEQUENCES: 1}
        self._call(numbers, {at.STATES: states, at.IDS: ids, **(arrays or {})})
        return (states[0],)

    def _call(self, numbers: dict[int, int], arrays: dict[int, NDArray[Any]]) -> None:
        """Run a task; one long enough of a single sequence by as many threads as are fastest."""
        if numbers[at.SEQUENCES] > 1 or numbers[at.COUNT] * self.bytes_per_symbol < _WORTH_A_THREAD:
            return self._call_with(1, numbers, arrays)
        count = numbers[at.COUNT]
        ranks, began = self._pace.ranks(count), time.perf_counter()
        self._call_with(ranks, numbers, arrays)
        self._pace.took(ranks, count, (time.perf_counter() - began) / count)
        return None

    def _call_with(self, ranks: int, numbers: dict[int, int], arrays: dict[int, NDArray[Any]]) -> None:
        """Run a task with ``ranks`` threads; its arrays stay referenced until it is done."""
        task = np.zeros(at.HISTORIES + len(self._pasts), np.int64)
        for field, value in numbers.items():
            task[field] = value
        size = self._arrange(task)
        choice = np.empty((ranks, 4 * self.vocabulary), np.float64)
        longest = max(int(task[at.STRIDE]), int(self._plan[at.TABLE_WIDTH]))
        rows = numbers[at.CHUNK] * numbers[at.SEQUENCES] if self._pairs else 0
        pairs = np.empty((ranks, rows * longest), np.uint32)
        arrays = {
            **arrays,
            at.PLAN: self._plan,
            at.WEIGHTS: self._values,
            at.MEMORY: np.zeros(size, np.float32),
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


def settings(sampling: Sampling) -> list[float]:
    """Sampling settings in the order of ``layout``."""
    fields = {
        at.TEMPERATURE: sampling.temperature,
        at.TOP_K: sampling.top_k,
        at.TOP_P: sampling.top_p,
        at.LOG_MIN_P: math.log(sampling.min_p) if sampling.min_p > 0 else -math.inf,
        at.TYPICAL_P: sampling.typical_p,
        at.PENALTY: sampling.repetition_penalty,
        at.WINDOW: sampling.repetition_window,
        at.UNIFORM: sampling.uniform,
    }
    return [float(fields[index]) for index in range(at.SETTINGS)]
