"""Going on learning: a text is scored piece by piece, and each piece is learned from after it was scored.

The network goes a step down its loss after each piece and is drawn back to where it came from (dynamic evaluation,
Krause et al. 2018); the memory counts what came. How fast it should learn depends on the text, so several do it side
by side at different rates, one of them not at all. Each is believed by how well it predicted so far (Vovk 1990), a
little of that being shared out again and again so that the best may change (Herbster & Warmuth 1998). So adapting
costs at most the logarithm of their number, once for a text, and that little a symbol.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from riverrun.bundle import LanguageBundle
from riverrun.generation.entrance import checked_pairs
from riverrun.generation.state import Scores
from riverrun.memory.gate import learn_on, mix, network_odds
from riverrun.memory.growing_memory import GrowingMemory
from riverrun.memory.memory import Gate, Memory
from riverrun.memory.shapes import REACH
from riverrun.memory.stored import Remembered
from riverrun.models.cores import CoreState, detach
from riverrun.models.language_network import LanguageModel
from riverrun.models.weights import load_weights, weights_of
from riverrun.text import START

PIECE = 32
"""Symbols that are scored before they are learned from."""

RATES = (0.0, 0.1, 0.3)
"""Of the steps of those who learn side by side; nothing at all changes in the first."""

_CLIP = 1.0  # largest norm of a gradient
_DRAWN_BACK = 1e-4  # of the way to the trained weights, at each step
_SHARED = 5e-4  # of belief that is shared out again at each symbol


@dataclass(frozen=True)
class Reached:
    """Where reading stands, for :meth:`Adapter.score`: the states of the networks, and the latest symbols."""

    states: tuple[CoreState, ...]
    latest: NDArray[np.int64]


class Learner:
    """A network that learns at one rate, with a gate of its own to the memory that all share."""

    def __init__(self, bundle: LanguageBundle, rate: float) -> None:
        self.rate = rate
        self.network = LanguageModel(bundle.settings.model, bundle.tokenizer.size)
        load_weights(self.network, bundle.weights, bundle.path)
        self.network.eval()
        self.gate = None if bundle.remembered is None else Gate(bundle.remembered.gate.weights.copy())
        self._parameters = list(self.network.parameters())
        self._trained = [parameter.detach().clone() for parameter in self._parameters]

    def step(self, loss: torch.Tensor) -> None:
        """Go down a loss."""
        gradients = torch.autograd.grad(loss, self._parameters)
        norm = math.sqrt(sum(float((gradient * gradient).sum()) for gradient in gradients))
        if not math.isfinite(norm):
            return
        size = self.rate * min(1.0, _CLIP / max(norm, 1e-12))
        with torch.no_grad():
            for parameter, gradient, trained in zip(self._parameters, gradients, self._trained, strict=True):
                parameter.add_(gradient, alpha=-size)
                parameter.add_(trained - parameter, alpha=_DRAWN_BACK)


class Adapter:
    """Scores texts and learns from them. What it was made of is not changed; it is itself, with every text."""

    def __init__(self, bundle: LanguageBundle) -> None:
        """Go on from a model."""
        self._bundle = bundle
        self.vocabulary = bundle.tokenizer.size
        self._learners = [Learner(bundle, rate) for rate in RATES]
        self._growing = None if bundle.remembered is None else GrowingMemory(bundle.remembered.memory)
        self._belief = np.full(len(RATES), -math.log(len(RATES)))  # logarithms

    def initial_state(self) -> Reached:
        """That of a text of which nothing was read."""
        if self._growing is not None:
            self._growing.begin(START)
        return Reached(tuple(each.network.initial_state(1) for each in self._learners), np.empty(0, np.int64))

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: Reached
    ) -> tuple[Scores, Reached]:
        """Surprisal of targets [T] after inputs [T], and the state after the last input. Targets are learned."""
        symbols, goals = checked_pairs(inputs, targets, self.vocabulary)
        found = [Scores(np.empty(0), np.empty(0, np.bool_))]
        with _one_thread():
            for start in range(0, len(symbols), PIECE):
                part = slice(start, start + PIECE)
                scores, state = self._score(symbols[part], goals[part], state)
                found.append(scores)
        surprisal, correct = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Scores(surprisal, correct), state

    def adapted(self) -> LanguageBundle:
        """The model that it has become: the network that is believed most, and the memory."""
        best = self._learners[int(self._belief.argmax())]
        remembered = None
        if self._growing is not None and best.gate is not None:
            remembered = Remembered(self._growing.finished(), best.gate)
        weights = {name: np.array(array) for name, array in weights_of(best.network).items()}
        tied = {name: weights[first] for name, first in self._bundle.expected.tied.items()}
        return replace(self._bundle, weights=weights | tied, remembered=remembered)

    def _score(
        self, inputs: NDArray[np.int64], targets: NDArray[np.int64], state: Reached
    ) -> tuple[Scores, Reached]:
        seen = np.concatenate([state.latest, inputs])
        given, wanted = torch.from_numpy(inputs)[:, None], torch.from_numpy(targets)
        states, logits, chances = [], [], []
        for learner, before in zip(self._learners, state.states, strict=True):
            with torch.set_grad_enabled(learner.rate > 0):
                rows, reached = learner.network(given, before)
            states.append(detach(reached))
            logits.append(rows[:, 0])
            chances.append(self._mixed(learner, rows[:, 0].detach().numpy(), seen))
        scores = self._judge(np.stack(chances), targets)
        self._learn(logits, wanted, seen)
        return scores, Reached(tuple(states), seen[-REACH:])

    def _mixed(
        self, learner: Learner, logits: NDArray[np.float32], seen: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Logarithms of probabilities [T, V] of one that learns."""
        if (memory := self._memory(learner)) is None or learner.gate is None:
            shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        rows = np.array(logits, np.float32, order="C")
        mix(rows, seen, len(seen) - len(rows), memory, learner.gate, 1.0)
        return rows.astype(np.float64)

    def _memory(self, learner: Learner) -> Memory | None:
        """The memory that it shares; who does not learn has that of the model."""
        if self._growing is None or self._bundle.remembered is None:
            return None
        return self._growing.memory if learner.rate > 0 else self._bundle.remembered.memory

    def _judge(self, chances: NDArray[np.float64], targets: NDArray[np.int64]) -> Scores:
        """Scores of T symbols, from what each learner says [K, T, V]; who was right is believed more."""
        surprisal, correct = np.empty(len(targets)), np.empty(len(targets), np.bool_)
        for t, target in enumerate(targets):
            together = np.logaddexp.reduce(self._belief[:, None] + chances[:, t], axis=0)
            surprisal[t], correct[t] = -together[target], together.argmax() == target
            belief = self._belief + chances[:, t, target] - together[target]
            shared = np.log((1 - _SHARED) * np.exp(belief) + _SHARED / len(belief))
            self._belief = shared - np.logaddexp.reduce(shared)
        return Scores(surprisal, correct)

    def _learn(self, logits: Sequence[torch.Tensor], targets: torch.Tensor, seen: NDArray[np.int64]) -> None:
        """Take in a piece that was scored."""
        wanted = targets.numpy()
        history = np.concatenate([seen, wanted[-1:]])
        if self._growing is not None:
            memory = self._growing.memory
            opinions = memory.opinions(history, len(history) - len(wanted))
            for learner, rows in zip(self._learners, logits, strict=True):
                if learner.rate > 0 and learner.gate is not None:
                    odds = network_odds(rows.detach().numpy(), wanted, memory)
                    learn_on(learner.gate, odds, opinions, memory)
            self._growing.read(wanted)
        for learner, rows in zip(self._learners, logits, strict=True):
            if learner.rate > 0:
                learner.step(F.cross_entropy(rows, targets))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products of one sequence are too small to share out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
