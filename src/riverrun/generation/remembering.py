"""A decoder with a memory: what the network says of the next symbol is mixed with what was read before.

The memory looks at the latest symbols alone, which every state carries; so a state is what it was without one.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.choice import choose
from riverrun.generation.compiled.calling import CompiledDecoder
from riverrun.generation.compiled.recalling import Recall
from riverrun.generation.decoder import NetworkDecoder
from riverrun.generation.draws import uniform
from riverrun.generation.entrance import check_sequences, checked_ids, checked_pairs
from riverrun.generation.state import Position, Positions, Samplings, Scores, Seeds, State, Written
from riverrun.memory.shapes import REACH
from riverrun.memory.stored import Remembered
from riverrun.text.permitted import NEVER, Permitted, all_text, condition_after

Logits = NDArray[np.float32]


class RememberingDecoder:
    """What its methods do is said at :class:`riverrun.generation.plain.PlainDecoder`; logits are logarithms of the
    mixed probabilities."""

    def __init__(
        self,
        network: NetworkDecoder,
        remembered: Remembered,
        share: float = 1.0,
        permitted: Permitted | None = None,
    ) -> None:
        """Mix what a network's decoder says with a memory.

        Args:
            network: the decoder.
            remembered: the memory with its gate, of the same vocabulary.
            share: how far the gate is followed, 0 to 1; at 0 the network is alone.
            permitted: which symbols may be written where.
        """
        self._network, self._remembered, self._share = network, remembered, share
        self.vocabulary = network.vocabulary
        self._recall = Recall(remembered, share) if isinstance(network, CompiledDecoder) else None
        self._permitted = all_text(self.vocabulary) if permitted is None else permitted

    def initial_state(self) -> State:
        return self._network.initial_state()

    def feed(self, ids: Sequence[int] | NDArray[np.integer], state: State) -> State:
        return self._network.feed(ids, state)

    def logits(self, positions: Sequence[Position]) -> tuple[Logits, list[State]]:
        rows, states = self._network.logits(positions)
        mixed = np.ascontiguousarray(rows, np.float32)
        for row, position in zip(mixed, positions, strict=True):
            recent = position.recent[-REACH:]
            self._mix(row[None], recent, len(recent) - 1)
        return mixed, states

    def predict(self, inputs: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        symbols = checked_ids(inputs, self.vocabulary)
        rows, after = self._network.predict(symbols, state)
        mixed, before = np.ascontiguousarray(rows, np.float32), state.latest[-REACH:]
        self._mix(mixed, np.concatenate([before, symbols]), len(before))
        return mixed, after

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: State
    ) -> tuple[Scores, State]:
        symbols, goals = checked_pairs(inputs, targets, self.vocabulary)
        rows, after = self.predict(symbols, state)
        surprisal = -rows[np.arange(len(goals)), goals].astype(np.float64)
        return Scores(surprisal, rows.argmax(axis=1) == goals), after

    def write(self, positions: Positions, samplings: Samplings, seeds: Seeds, count: int) -> Written:
        initial = self._network.initial_state()
        check_sequences(positions, samplings, seeds, count, initial, self.vocabulary)
        written, after = np.empty((len(positions), count), np.int64), list(positions)
        if self._recall is not None and isinstance(self._network, CompiledDecoder):
            return self._network.write(positions, samplings, seeds, count, self._recall)
        allowed = self._permitted != NEVER
        for t in range(count):
            rows, states = self.logits(after)
            for k, (position, sampling, (seed, sequence)) in enumerate(
                zip(after, samplings, seeds, strict=True)
            ):
                draw, recent = uniform(seed, sequence, position.written), position.recent
                permitted = allowed[condition_after(self._permitted, recent)]
                written[k, t] = choose(rows[k], recent, sampling, draw, permitted)
                last, many = int(written[k, t]), position.written + 1
                after[k] = replace(position, state=states[k], last=last, written=many)
        return written, after

    def _mix(self, logits: Logits, ids: NDArray[np.int64], low: int) -> None:
        from riverrun.memory.gate import mix  # needs numba, which compiled writing does without

        mix(logits, ids, low, self._remembered.memory, self._remembered.gate, self._share)
