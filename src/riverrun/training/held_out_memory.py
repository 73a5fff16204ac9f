"""A memory while a network is trained: it reads the training text once, before; what the two give together is
measured on the held-out text, and the memory is kept where that is better.

The gate is fitted on held-out text, since the network has learned all other. Figures are of each half of it under
the gate that the other half gave; the gate that is saved was fitted on both.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from riverrun.config.resolved import Budget, LanguageSettings
from riverrun.data.ids import IdFile
from riverrun.errors import SettingsError
from riverrun.memory.gate import fit, held_out_surprisal, network_odds
from riverrun.memory.learning import learn_memory
from riverrun.memory.memory import Memory, Opinions
from riverrun.memory.shapes import LARGEST_VOCABULARY, LONGEST_TEXT
from riverrun.memory.stored import Remembered, symbol_texts
from riverrun.text import START, Tokenizer
from riverrun.text.pieces import pieces_of

SHORTEST_TEXT = 20_000
SHORTEST_HELD_OUT = 2_000
"""Symbols below which no memory is tried unless it is asked for: there is too little to fit a gate on."""

_SHARE, _PACE = 0.25, 100_000  # of a budget in minutes that reading may take, at so many symbols a second


ALONE = "nats_of_the_network_alone"
"""What the figure is called that tells what the memory adds."""


class HeldOutMemory:
    """A memory of the training text, and what it thinks of the held-out one.

    Attributes:
        memory: of the training text.
        wanted: whether it is kept in any case.
        let_go: symbols of the training text that it did not read.
    """

    def __init__(self, memory: Memory, held_out: IdFile, wanted: bool, let_go: int) -> None:
        self.memory, self.wanted, self.let_go = memory, wanted, let_go
        self._held_out = held_out
        self.opinions = cache(self._opinions)

    def odds(self, logits: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the network says at the forks on the way to targets [T], from logits [T, V]."""
        return network_odds(logits, targets, self.memory)

    def nats(self, alone: float, network: NDArray[np.float32]) -> float:
        """Nats of the first T held-out symbols, from those under the network alone and its odds [T, D]: under both
        together where that is better, or wanted."""
        together = held_out_surprisal(network, self.opinions(len(network)), self.memory)
        return together if self.wanted else min(alone, together)

    def remembered(self, network: NDArray[np.float32]) -> Remembered:
        """The memory with the gate that all of these symbols give."""
        return Remembered(self.memory, fit(network, self.opinions(len(network)), self.memory))

    def _opinions(self, count: int) -> Opinions:
        return self.memory.opinions(np.concatenate([[START], self._held_out.read(0, count)]), 1)


def read_memory(
    settings: LanguageSettings, tokenizer: Tokenizer, training: IdFile, held_out: IdFile
) -> HeldOutMemory | None:
    """Read the training text into a memory, where settings want one or its size makes one worth trying."""
    wanted = settings.model.memory
    if wanted == "true" and not held_out.length:
        raise SettingsError(
            "model.memory = true fits a gate on held-out text: hold some out, or leave it out"
        )
    if wanted == "false" or not held_out.length:
        return None
    if settings.data.reading != "lanes" or tokenizer.size > LARGEST_VOCABULARY:
        return None
    if wanted == "auto" and (training.length < SHORTEST_TEXT or held_out.length < SHORTEST_HELD_OUT):
        return None
    count = min(training.length, symbols_within(settings.budget))
    ids = training.read(training.length - count, training.length)
    memory = learn_memory(ids, symbol_texts(pieces_of(tokenizer)), START)
    return HeldOutMemory(memory, held_out, wanted == "true", training.length - count)


def in_order(rows: NDArray[np.float32], places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Rows [T, D] as they stand in the text, from where each does [T]."""
    ordered = np.empty_like(rows)
    ordered[places] = rows
    return ordered


def symbols_within(budget: Budget) -> int:
    """How many symbols may be read: a quarter of a budget in minutes. No clock is asked, so that a run that is
    resumed reads what it read before."""
    if budget.kind != "minutes":
        return LONGEST_TEXT
    return min(LONGEST_TEXT, max(SHORTEST_TEXT, int(budget.amount * 60 * _SHARE * _PACE)))
