"""The plain decoder: numpy, one symbol of one sequence at a time. The oracle for everything faster."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.config.resolved import LanguageShape
from riverrun.generation.choice import choose
from riverrun.generation.draws import uniform
from riverrun.generation.entrance import check_sequences, check_state, checked_ids, checked_pairs
from riverrun.generation.input_table import PROJECTION, TABLE, with_tables
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position, Positions, Samplings, Scores, Seeds, State, Symbols, Written
from riverrun.text.permitted import NEVER, Permitted, all_text, condition_after
from riverrun.text.vocabulary import START

Array = NDArray[np.float32]
Parts = tuple[Array, ...]
Recurrence = Callable[[Array, Parts], tuple[Array, Parts]]

_BLOCK = 4096  # symbols read at once


class PlainDecoder:
    """Follows the definition of each core, a few lines each."""

    def __init__(self, weights: Weights, shape: LanguageShape, permitted: Permitted | None = None) -> None:
        """Take the weights of a network of that shape; see :func:`riverrun.generation.decoder.build_decoder`."""
        weights = with_tables(weights, shape)
        self._weights = {name: np.asarray(array, np.float32) for name, array in weights.items()}
        self._embedding = self._weights.get(TABLE)
        self._shown = shape.features
        self.vocabulary = len(self._weights["projection.bias"])
        self._permitted = all_text(self.vocabulary) if permitted is None else permitted
        self._allowed = self._permitted != NEVER
        layers = range(shape.layers)
        match shape.core:
            case "lstm":
                self._step: Recurrence = lstm_step([self._rnn(layer) for layer in layers])
                initial: Parts = (np.zeros((shape.layers, shape.hidden), np.float32),) * 2
            case "gru":
                self._step = gru_step([self._rnn(layer) for layer in layers])
                initial = (np.zeros((shape.layers, shape.hidden), np.float32),)
            case "conv":
                self._step = conv_step(self._weights, shape.layers)
                pasts = [(shape.kernel - 1) * 2**layer for layer in layers]
                initial = tuple(np.zeros((past, shape.hidden), np.float32) for past in pasts)
        self._initial = State(initial)
        projection = self._weights[PROJECTION]
        if "bottleneck.weight" in self._weights:
            projection = projection @ self._weights["bottleneck.weight"]
        self._projection = np.ascontiguousarray(projection)
        self._bias = self._weights["projection.bias"]

    def initial_state(self) -> State:
        """That of a sequence of which nothing was read."""
        return self._initial

    def feed(self, ids: Sequence[int] | NDArray[np.integer], state: State) -> State:
        """The state after reading ids [T]. What is no id or state of this model is an InputError, here as below."""
        symbols = checked_ids(ids, self.vocabulary)
        check_state(state, self._initial, self.vocabulary)
        for start in range(0, len(symbols), _BLOCK):
            _, state = self._read(symbols[start : start + _BLOCK], state)
        return state

    def logits(self, positions: Sequence[Position]) -> tuple[Array, list[State]]:
        """Logits [K, V] of what follows at each position, and the states when its last symbol is read."""
        count = len(positions)
        check_sequences(positions, [Sampling()] * count, [(0, 0)] * count, 1, self._initial, self.vocabulary)
        rows, states = np.empty((count, self.vocabulary), np.float32), []
        for row, position in zip(rows, positions, strict=True):
            row[:], state = self._logits(position)
            states.append(state)
        return rows, states

    def _logits(self, position: Position) -> tuple[Array, State]:
        (output,), state = self._read(np.array([position.last]), position.state)
        return self._projection @ output + self._bias, state

    def _read(self, ids: Symbols, state: State) -> tuple[Array, State]:
        """The core's outputs [T, H] at ids [T], and the state after them. Where F symbols are shown at a step, they
        are the latest F; before the first stands the start symbol."""
        parts = state.parts
        seen = np.concatenate([np.full(self._shown, START), state.latest, ids])
        outputs = np.empty((len(ids), self._projection.shape[1]), np.float32)
        for t, end in enumerate(range(len(seen) - len(ids) + 1, len(seen) + 1)):
            outputs[t], parts = self._step(self._inputs(seen[end - self._shown : end]), parts)
        return outputs, state.after(parts, ids)

    def _inputs(self, shown: Symbols) -> Array:
        """What the core reads [F * E] of symbols [F] that are shown side by side."""
        if self._embedding is not None:
            return self._embedding[shown].reshape(-1)
        vectors = np.zeros((len(shown), self.vocabulary), np.float32)
        vectors[np.arange(len(shown)), shown] = 1
        return vectors.reshape(-1)

    def write(self, positions: Positions, samplings: Samplings, seeds: Seeds, count: int) -> Written:
        """Continue K sequences by ``count`` symbols each.

        Args:
            positions: [K], where each stands.
            samplings: [K], how each chooses.
            seeds: [K] pairs of seed and number of the sequence.
            count: symbols T to write.

        Returns:
            Symbols [K, T] and the positions after them.
        """
        check_sequences(positions, samplings, seeds, count, self._initial, self.vocabulary)
        written = np.empty((len(positions), count), np.int64)
        after = list(positions)
        for k, (sampling, (seed, sequence)) in enumerate(zip(samplings, seeds, strict=True)):
            for t in range(count):
                after[k] = position = self._write_one(after[k], sampling, seed, sequence)
                written[k, t] = position.last
        return written, after

    def _write_one(self, position: Position, sampling: Sampling, seed: int, sequence: int) -> Position:
        logits, state = self._logits(position)
        draw, recent = uniform(seed, sequence, position.written), position.recent
        allowed = self._allowed[condition_after(self._permitted, recent)]
        symbol = choose(logits, recent, sampling, draw, allowed)
        return replace(position, state=state, last=symbol, written=position.written + 1)

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: State
    ) -> tuple[Scores, State]:
        """Surprisal of targets [T] after inputs [T], and the state after the last input."""
        symbols, goals = checked_pairs(inputs, targets, self.vocabulary)
        rows, state = self.predict(symbols, state)
        logits = rows.astype(np.float64)
        highest = logits.max(axis=1)
        total = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
        rows = np.arange(len(goals))
        return Scores(total - logits[rows, goals], logits.argmax(axis=1) == goals), state

    def predict(self, inputs: NDArray[np.integer], state: State) -> tuple[Array, State]:
        """Logits [T, V] of what follows each of inputs [T], and the state after the last."""
        symbols = checked_ids(inputs, self.vocabulary)
        check_state(state, self._initial, self.vocabulary)
        outputs, state = self._read(symbols, state)
        return outputs @ self._projection.T + self._bias, state

    def _rnn(self, layer: int) -> tuple[Array, Array, Array, Array]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        first, second, third, fourth = (self._weights[f"core.rnn.{name}_l{layer}"] for name in names)
        return first, second, third, fourth


def lstm_step(layers: list[tuple[Array, Array, Array, Array]]) -> Recurrence:
    """Gates in torch's order: input, forget, content, output."""

    def step(inputs: Array, state: Parts) -> tuple[Array, Parts]:
        hidden, cell = np.empty_like(state[0]), np.empty_like(state[1])
        for index, (from_input, from_hidden, bias, more_bias) in enumerate(layers):
            gates = from_input @ inputs + from_hidden @ state[0][index] + bias + more_bias
            first, forget, content, last = gates.reshape(4, -1)
            cell[index] = sigmoid(forget) * state[1][index] + sigmoid(first) * np.tanh(content)
            hidden[index] = inputs = sigmoid(last) * np.tanh(cell[index])
        return inputs, (hidden, cell)

    return step


def gru_step(layers: list[tuple[Array, Array, Array, Array]]) -> Recurrence:
    """Gates in torch's order: reset, update, content."""

    def step(inputs: Array, state: Parts) -> tuple[Array, Parts]:
        hidden = np.empty_like(state[0])
        for index, (from_input, from_hidden, bias, more_bias) in enumerate(layers):
            given = (from_input @ inputs + bias).reshape(3, -1)
            kept = (from_hidden @ state[0][index] + more_bias).reshape(3, -1)
            reset, update = sigmoid(given[0] + kept[0]), sigmoid(given[1] + kept[1])
            content = np.tanh(given[2] + reset * kept[2])
            hidden[index] = inputs = (1 - update) * content + update * state[0][index]
        return inputs, (hidden,)

    return step


def conv_step(weights: dict[str, Array], layers: int) -> Recurrence:
    """Each layer looks at its stored past and the new input; the oldest input then leaves the store."""

    def step(inputs: Array, state: Parts) -> tuple[Array, Parts]:
        outputs = weights["core.entry.weight"] @ inputs + weights["core.entry.bias"]
        after = []
        for layer in range(layers):
            kernel = weights[f"core.convolutions.{layer}.weight"]  # [2H, H, K]
            seen = np.concatenate([state[layer], outputs[None]])
            after.append(seen[1:])
            both = weights[f"core.convolutions.{layer}.bias"] + sum(
                kernel[:, :, k] @ seen[k * 2**layer] for k in range(kernel.shape[2])
            )
            content, gate = both.reshape(2, -1)
            mixed = weights[f"core.mixers.{layer}.weight"] @ (np.tanh(content) * sigmoid(gate))
            outputs = outputs + mixed + weights[f"core.mixers.{layer}.bias"]
        return outputs, tuple(after)

    return step


def sigmoid(values: NDArray[Any]) -> Array:
    """Through tanh, which cannot overflow."""
    return np.float32(0.5) + np.float32(0.5) * np.tanh(np.float32(0.5) * values)
