"""The plain decoder: numpy, one symbol of one sequence at a time. The oracle for everything faster."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.generation.decoder import Position, Scores, State
from riverrun.generation.draws import uniform
from riverrun.generation.inputs import TABLE, with_input_table
from riverrun.generation.sampling import Sampling, choose
from riverrun.text.vocabulary import START

Array = NDArray[np.float32]
Step = Callable[[Array, State], tuple[Array, State]]


class PlainDecoder:
    """Follows the definition of each core, a few lines each."""

    def __init__(self, weights: Weights, model: dict[str, Any]) -> None:
        weights = with_input_table(weights, model)
        self._weights = {name: np.asarray(array, np.float32) for name, array in weights.items()}
        self._embedding = self._weights[TABLE]
        self._features = model.get("features", 1)
        self.vocabulary = len(self._embedding)
        layers = range(model["layers"])
        match model["core"]:
            case "lstm":
                self._step: Step = lstm_step([self._rnn(layer) for layer in layers])
                width = model["hidden"]
                self._initial: State = (np.zeros((len(layers), width), np.float32),) * 2
            case "gru":
                self._step = gru_step([self._rnn(layer) for layer in layers])
                self._initial = (np.zeros((len(layers), model["hidden"]), np.float32),)
            case "conv":
                self._step = conv_step(self._weights, model["layers"])
                past = [(model["kernel"] - 1) * 2**layer for layer in layers]
                self._initial = tuple(np.zeros((length, model["hidden"]), np.float32) for length in past)
            case other:
                raise AssertionError(other)
        if self._features > 1:
            self._initial = (*self._initial, np.full(self._features - 1, START, np.float32))
        projection = self._weights["projection.weight"]
        if "bottleneck.weight" in self._weights:
            projection = projection @ self._weights["bottleneck.weight"]
        self._projection = np.ascontiguousarray(projection)
        self._bias = self._weights["projection.bias"]

    def initial_state(self) -> State:
        return self._initial

    def feed(self, ids: Sequence[int] | NDArray[np.integer], state: State) -> State:
        for symbol in ids:
            _, state = self._advance(symbol, state)
        return state

    def logits(self, symbol: int, state: State) -> tuple[Array, State]:
        """Logits [V] after one more symbol, and the state after it."""
        output, state = self._advance(symbol, state)
        return self._projection @ output + self._bias, state

    def _advance(self, symbol: int, state: State) -> tuple[Array, State]:
        """The core's output [H] after one more symbol; where F are shown, the state ends with the latest."""
        if self._features == 1:
            return self._step(self._embedding[symbol], state)
        shown = np.append(state[-1], np.float32(symbol))
        output, core_state = self._step(self._embedding[shown.astype(np.int64)].reshape(-1), state[:-1])
        return output, (*core_state, shown[1:])

    def write(
        self, positions: list[Position], samplings: list[Sampling], seeds: list[tuple[int, int]], count: int
    ) -> tuple[NDArray[np.int64], list[Position]]:
        written = np.empty((len(positions), count), np.int64)
        after = list(positions)
        for k, (sampling, (seed, sequence)) in enumerate(zip(samplings, seeds, strict=True)):
            for t in range(count):
                after[k] = position = self._write_one(after[k], sampling, seed, sequence)
                written[k, t] = position.last
        return written, after

    def _write_one(self, position: Position, sampling: Sampling, seed: int, sequence: int) -> Position:
        logits, state = self.logits(position.last, position.state)
        symbol = choose(logits, position.recent, sampling, uniform(seed, sequence, position.written))
        recent = (*position.recent, symbol)[-max(1, sampling.repetition_window) :]
        return replace(position, state=state, last=symbol, recent=recent, written=position.written + 1)

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: State
    ) -> tuple[Scores, State]:
        outputs = np.empty((len(inputs), self._projection.shape[1]), np.float32)
        for t, symbol in enumerate(inputs):
            outputs[t], state = self._advance(symbol, state)
        logits = (outputs @ self._projection.T + self._bias).astype(np.float64)
        highest = logits.max(axis=1)
        total = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
        rows = np.arange(len(targets))
        return Scores(total - logits[rows, targets], logits.argmax(axis=1) == targets), state

    def predict(self, inputs: NDArray[np.integer], state: State) -> tuple[NDArray[np.float32], State]:
        logits = np.empty((len(inputs), self.vocabulary), np.float32)
        for t, symbol in enumerate(inputs):
            logits[t], state = self.logits(symbol, state)
        return logits, state

    def _rnn(self, layer: int) -> tuple[Array, Array, Array, Array]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        first, second, third, fourth = (self._weights[f"core.rnn.{name}_l{layer}"] for name in names)
        return first, second, third, fourth


def lstm_step(layers: list[tuple[Array, Array, Array, Array]]) -> Step:
    """Gates in torch's order: input, forget, content, output."""

    def step(inputs: Array, state: State) -> tuple[Array, State]:
        hidden, cell = np.empty_like(state[0]), np.empty_like(state[1])
        for index, (from_input, from_hidden, bias, more_bias) in enumerate(layers):
            gates = from_input @ inputs + from_hidden @ state[0][index] + bias + more_bias
            first, forget, content, last = gates.reshape(4, -1)
            cell[index] = sigmoid(forget) * state[1][index] + sigmoid(first) * np.tanh(content)
            hidden[index] = inputs = sigmoid(last) * np.tanh(cell[index])
        return inputs, (hidden, cell)

    return step


def gru_step(layers: list[tuple[Array, Array, Array, Array]]) -> Step:
    """Gates in torch's order: reset, update, content."""

    def step(inputs: Array, state: State) -> tuple[Array, State]:
        hidden = np.empty_like(state[0])
        for index, (from_input, from_hidden, bias, more_bias) in enumerate(layers):
            given = (from_input @ inputs + bias).reshape(3, -1)
            kept = (from_hidden @ state[0][index] + more_bias).reshape(3, -1)
            reset, update = sigmoid(given[0] + kept[0]), sigmoid(given[1] + kept[1])
            content = np.tanh(given[2] + reset * kept[2])
            hidden[index] = inputs = (1 - update) * content + update * state[0][index]
        return inputs, (hidden,)

    return step


def conv_step(weights: dict[str, Array], layers: int) -> Step:
    """Each layer looks at its stored past and the new input; the oldest input then leaves the store."""

    def step(inputs: Array, state: State) -> tuple[Array, State]:
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
