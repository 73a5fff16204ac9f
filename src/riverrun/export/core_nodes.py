"""Cores as nodes: ``(inputs [T, B, E], state) -> (outputs [T, B, H], state)``, as in ``riverrun.models.cores``."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.export.graph import Graph


class StatePart(NamedTuple):
    """One part of a state: its name, and its dimensions but for the batch, which is the second."""

    name: str
    rows: int
    width: int


@dataclass(frozen=True)
class Core:
    """A core's weights and shape.

    Attributes:
        weights: by name.
        prefix: of its weights' names.
        kind: lstm, gru or conv.
        layers: depth L.
        hidden: width H.
        kernel: of the convolution.
    """

    weights: Weights
    prefix: str
    kind: str
    layers: int
    hidden: int
    kernel: int

    def parts(self) -> list[StatePart]:
        """What its state is made of."""
        match self.kind:
            case "lstm":
                return [StatePart(name, self.layers, self.hidden) for name in ("hidden", "cell")]
            case "gru":
                return [StatePart("hidden", self.layers, self.hidden)]
            case _:
                pasts = [(self.kernel - 1) * 2**layer for layer in range(self.layers)]
                return [StatePart(f"past_{layer}", past, self.hidden) for layer, past in enumerate(pasts)]

    def build(self, graph: Graph, inputs: str, state: list[str]) -> tuple[str, list[str]]:
        """Outputs [T, B, H] and the state after the last."""
        if self.kind == "conv":
            return self._convolutions(graph, inputs, state)
        return self._recurrence(graph, inputs, state)

    def _recurrence(self, graph: Graph, inputs: str, state: list[str]) -> tuple[str, list[str]]:
        """torch's gates are i, f, g, o and r, z, n; ONNX wants i, o, f, c and z, r, h."""
        operator, order = ("LSTM", (0, 3, 1, 2)) if self.kind == "lstm" else ("GRU", (1, 0, 2))
        more = {} if self.kind == "lstm" else {"linear_before_reset": 1}
        outputs, after = inputs, [[] for _ in state]
        for layer in range(self.layers):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            arrays = [self._array(f"rnn.{name}_l{layer}") for name in names]
            ordered = [_ordered(array, order) for array in arrays]
            matrices = [graph.constant(array[None]) for array in ordered[:2]]
            bias = graph.constant(np.concatenate(ordered[2:])[None])
            before = [graph.part(part, layer, layer + 1) for part in state]
            sequence, *reached = graph.several(
                operator,
                1 + len(state),
                outputs,
                *matrices,
                bias,
                "",
                *before,
                hidden_size=self.hidden,
                **more,
            )
            outputs = graph("Squeeze", sequence, graph.indices(1))
            for layers, part in zip(after, reached, strict=True):
                layers.append(part)
        return outputs, [graph("Concat", *layers, axis=0) for layers in after]

    def _convolutions(self, graph: Graph, inputs: str, state: list[str]) -> tuple[str, list[str]]:
        outputs = graph.linear(inputs, self._array("entry.weight"), self._array("entry.bias"))
        after = []
        for layer, past in enumerate(state):
            seen = graph("Concat", past, outputs, axis=0)
            after.append(graph.part(seen, -(self.kernel - 1) * 2**layer))
            kernel = [
                graph.constant(self._array(f"convolutions.{layer}.{name}")) for name in ("weight", "bias")
            ]
            turned = graph("Transpose", seen, perm=[1, 2, 0])
            convolved = graph("Conv", turned, *kernel, dilations=[2**layer])
            both = graph("Transpose", convolved, perm=[2, 0, 1])
            content, gate = graph.several("Split", 2, both, axis=-1)
            gated = graph("Mul", graph("Tanh", content), graph("Sigmoid", gate))
            mixer = [self._array(f"mixers.{layer}.{name}") for name in ("weight", "bias")]
            outputs = graph("Add", outputs, graph.linear(gated, *mixer))
        return outputs, after

    def _array(self, name: str) -> NDArray[Any]:
        return np.asarray(self.weights[self.prefix + name], np.float32)


def _ordered(array: NDArray[Any], order: tuple[int, ...]) -> NDArray[Any]:
    """Gates [G * H, ...] in another order."""
    gates = array.reshape(len(order), -1, *array.shape[1:])
    return gates[list(order)].reshape(array.shape)
