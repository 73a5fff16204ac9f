"""Likelihood of text under a language model: one pass, carried state, every token scored."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.state import Scores
from riverrun.text import START
from riverrun.text.counting import Counts


class Predictor(Protocol):
    """What scores a text piece by piece: a decoder, or one that learns on the way. Its state is its own."""

    vocabulary: int

    def initial_state(self) -> Any: ...

    def score(
        self, inputs: NDArray[np.integer], targets: NDArray[np.integer], state: Any
    ) -> tuple[Scores, Any]: ...


BLOCK = 4096  # symbols scored at once; fewer where the vocabulary is large
_LOGITS = 1 << 22  # of a block


@dataclass(frozen=True)
class Likelihood:
    """Sums over a text.

    Attributes:
        counts: of the text and its tokens, the first one included. That an unknown token occurs is in the nats,
            which symbol it was is not.
        nats: surprisal of all tokens together.
        correct: tokens that were the model's most likely ones.
    """

    counts: Counts
    nats: float
    correct: int

    @property
    def tokens(self) -> int:
        return self.counts.symbols

    @property
    def characters(self) -> int:
        return self.counts.characters

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.tokens

    @property
    def bits_per_character(self) -> float | None:
        """None where tokens leave characters out: no figure is given for characters that were not predicted."""
        if not self.counts.tells_every_character:
            return None
        return self.nats / math.log(2) / self.counts.characters

    @property
    def bits_per_byte(self) -> float | None:
        """None where tokens leave characters out."""
        if not self.counts.tells_every_character:
            return None
        return self.nats / math.log(2) / self.counts.size

    @property
    def perplexity(self) -> float:
        """Per token; infinite where it exceeds what a float can hold."""
        return math.exp(self.nats_per_token) if self.nats_per_token < 700 else math.inf

    @property
    def accuracy(self) -> float:
        return self.correct / self.tokens

    @property
    def unknown_share(self) -> float:
        """Share of tokens outside the vocabulary, those left out counted too."""
        return self.counts.unknown_share

    def to_dict(self) -> dict[str, Any]:
        """The figures of ``riverrun evaluate --json``."""
        names = ("tokens", "characters", "nats_per_token", "bits_per_character", "bits_per_byte")
        figures = {name: getattr(self, name) for name in (*names, "perplexity", "accuracy", "unknown_share")}
        counts = self.counts
        return figures | {
            "unknown_characters": counts.unknown_characters,
            "left_out_characters": counts.left_out_characters,
        }


class CountedIds(NamedTuple):
    """Ids [T] of a piece of text, with its counts."""

    ids: NDArray[np.int32]
    counts: Counts


def evaluate(decoder: Predictor, pieces: Iterable[CountedIds]) -> Likelihood:
    """Score consecutive pieces of one text."""
    counts, correct, nats = Counts(), 0, 0.0
    state, last = decoder.initial_state(), START
    for piece in pieces:
        for scores, reached, latest in surprisals(decoder, piece.ids, state, last):
            nats += float(scores.surprisal.sum())
            correct += int(scores.correct.sum())
            state, last = reached, latest
        counts += piece.counts
    return Likelihood(counts, nats, correct)


def surprisals(
    decoder: Predictor, ids: NDArray[np.int32], state: Any, last: int = START
) -> Iterator[tuple[Scores, Any, int]]:
    """Scores of ids [T] in blocks, each with the state and the symbol that the next block goes on from."""
    size = min(BLOCK, max(1, _LOGITS // decoder.vocabulary))
    for start in range(0, len(ids), size):
        block = ids[start : start + size]
        inputs = np.concatenate([[last], block[:-1]])
        scores, state = decoder.score(inputs, block, state)
        last = int(block[-1])
        yield scores, state, last
