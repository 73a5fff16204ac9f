"""What a decoder is: the interface that the plain and the compiled one share, and which one is used."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.generation.inputs import with_input_table
from riverrun.generation.sampling import Sampling

State = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class Position:
    """Where one sequence stands: all that is needed to go on writing it.

    Attributes:
        state: the core's state after every symbol but the last; the parts' shapes are the decoder's own.
        last: the latest symbol, not yet fed to the core.
        recent: the latest symbols, oldest first, for the repetition penalty.
        written: symbols drawn so far: the counter of the random draws.
    """

    state: State
    last: int
    recent: tuple[int, ...]
    written: int = 0


class Scores(NamedTuple):
    """How well a text was predicted.

    Attributes:
        surprisal: [T], in nats.
        correct: [T], whether the symbol was the most likely one.
    """

    surprisal: NDArray[np.float64]
    correct: NDArray[np.bool_]


class Decoder(Protocol):
    """Runs a trained model over symbols."""

    vocabulary: int

    def initial_state(self) -> State: ...

    def feed(self, ids: Sequence[int] | NDArray[np.integer], state: State) -> State:
        """The state after reading ids [T]."""
        ...

    def write(
        self, positions: list[Position], samplings: list[Sampling], seeds: list[tuple[int, int]], count: int
    ) -> tuple[NDArray[np.int64], list[Position]]:
        """Continue K sequences by ``count`` symbols each.

        Args:
            positions: [K], where each stands.
            samplings: [K], how each chooses.
            seeds: [K] pairs of seed and number of the sequence.
            count: symbols T to write.

        Returns:
            Symbols [K, T] and the positions after them.
        """
        ...

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: State
    ) -> tuple[Scores, State]:
        """Surprisal of targets [T] after inputs [T], and the state after the last."""
        ...

    def predict(self, inputs: NDArray[np.integer], state: State) -> tuple[NDArray[np.float32], State]:
        """Logits [T, V] of what follows each of inputs [T], and the state after the last."""
        ...


Precision = Literal["fp32", "bf16", "int8"]
"""How matrices are kept: bf16 and int8 halve and quarter what a wide model reads for every symbol."""


def build_decoder(
    weights: Weights, model: dict[str, Any], precision: Precision = "fp32", compiling: bool = True
) -> Decoder:
    """The decoder for a model's weights: compiled, or the plain one where nothing can be compiled.

    Args:
        weights: arrays of ``model.safetensors``.
        model: the ``[model]`` section of its settings.
        precision: of the matrices.
        compiling: False takes the compiled one only if its machine code is at hand.
    """
    if model.get("features", 1) == 1:  # with several symbols at a step only the plain decoder knows how
        try:
            from riverrun.generation.compiled.decoder import CompiledDecoder
            from riverrun.generation.compiled.machine_code import is_at_hand

            if compiling or is_at_hand():
                return CompiledDecoder(with_input_table(weights, model), model, precision)
        except (ImportError, OSError, RuntimeError) as error:
            print(f"no compiled decoder on this machine ({error}); using the slow one", file=sys.stderr)
    from riverrun.generation.plain import PlainDecoder

    return PlainDecoder(weights, model)
