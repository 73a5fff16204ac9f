"""Likelihood of text under a language model: one pass, carried state, every token scored."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.generation.decoder import Decoder
from riverrun.generation.state import Scores, State
from riverrun.text import START, UNKNOWN

BLOCK = 4096  # symbols scored at once; fewer where the vocabulary is large
_LOGITS = 1 << 22  # of a block


@dataclass(frozen=True)
class Likelihood:
    """Sums over a text.

    Attributes:
        tokens: symbols scored, the first one included.
        characters: Unicode code points of the normalised text.
        size: bytes of its UTF-8.
        nats: surprisal of all tokens together.
        correct: tokens that were the model's most likely ones.
        unknown: tokens outside the vocabulary: that they occur is in the nats, which symbol it was is not.
    """

    tokens: int
    characters: int
    size: int
    nats: float
    correct: int
    unknown: int

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.tokens

    @property
    def bits_per_character(self) -> float:
        return self.nats / math.log(2) / self.characters

    @property
    def bits_per_byte(self) -> float:
        return self.nats / math.log(2) / self.size

    @property
    def perplexity(self) -> float:
        """Per token; infinite where it exceeds what a float can hold."""
        return math.exp(self.nats_per_token) if self.nats_per_token < 700 else math.inf

    @property
    def accuracy(self) -> float:
        return self.correct / self.tokens

    @property
    def unknown_share(self) -> float:
        return self.unknown / self.tokens

    def to_dict(self) -> dict[str, float]:
        """The figures of ``riverrun evaluate --json``."""
        names = ("tokens", "characters", "nats_per_token", "bits_per_character", "bits_per_byte")
        return {name: getattr(self, name) for name in (*names, "perplexity", "accuracy", "unknown_share")}


class Piece(NamedTuple):
    """Ids [T] of a piece of text, with its characters and bytes."""

    ids: NDArray[np.int32]
    characters: int
    size: int


def evaluate(decoder: Decoder, pieces: Iterable[Piece]) -> Likelihood:
    """Score consecutive pieces of one text."""
    tokens = characters = size = correct = unknown = 0
    nats = 0.0
    state, last = decoder.initial_state(), START
    for piece in pieces:
        for scores, reached, latest in surprisals(decoder, piece.ids, state, last):
            nats += float(scores.surprisal.sum())
            correct += int(scores.correct.sum())
            state, last = reached, latest
        tokens += len(piece.ids)
        unknown += int((piece.ids == UNKNOWN).sum())
        characters += piece.characters
        size += piece.size
    return Likelihood(tokens, characters, size, nats, correct, unknown)


def surprisals(
    decoder: Decoder, ids: NDArray[np.int32], state: State, last: int = START
) -> Iterator[tuple[Scores, State, int]]:
    """Scores of ids [T] in blocks, each with the state and the symbol that the next block goes on from."""
    size = min(BLOCK, max(1, _LOGITS // decoder.vocabulary))
    for start in range(0, len(ids), size):
        block = ids[start : start + size]
        inputs = np.concatenate([[last], block[:-1]])
        scores, state = decoder.score(inputs, block, state)
        last = int(block[-1])
        yield scores, state, last
