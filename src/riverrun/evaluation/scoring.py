"""Texts under a language model: the surprisal of every token, of lines by themselves, of files in one pass."""

import itertools
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import InputError
from riverrun.evaluation.likelihood import CountedIds, Likelihood, Predictor, evaluate, surprisals
from riverrun.evaluation.surprisal import By, SurprisalRow, rows_by, token_rows
from riverrun.generation.state import Scores
from riverrun.text import START, Tokenizer
from riverrun.text.counting import Counts, count
from riverrun.text.given import check_text
from riverrun.text.segments import Segment, segments
from riverrun.text.symbols import never_seen
from riverrun.text.tokenizer import rebuffer

_LINES_AT_ONCE = 512  # lines in memory, and shared out between the processor's cores


@dataclass(frozen=True)
class TokenScore:
    """A token and its surprisal.

    Attributes:
        text: the text's own characters, also where they are unknown; empty where several tokens make one.
        surprisal_bits: None where the token was left out.
        known: whether it is in the vocabulary.
    """

    text: str
    surprisal_bits: float | None
    known: bool = True


@dataclass(frozen=True)
class Score:
    """The likelihood of a text and of each of its tokens."""

    likelihood: Likelihood
    token_scores: tuple[TokenScore, ...]

    @property
    def bits_per_character(self) -> float | None:
        """None where tokens leave characters out."""
        return self.likelihood.bits_per_character

    @property
    def perplexity(self) -> float:
        return self.likelihood.perplexity

    def rows(self, by: By = "token", first_line: int = 1) -> list[SurprisalRow]:
        """The tokens, or words or lines put together from them, see :func:`riverrun.evaluation.surprisal.rows_by`."""
        segments = (Segment(each.text, each.known, each.surprisal_bits is None) for each in self.token_scores)
        bits = (each.surprisal_bits for each in self.token_scores if each.surprisal_bits is not None)
        return list(rows_by(by, token_rows(segments, bits, first_line)))

    def to_dict(self) -> dict[str, Any]:
        return {**self.likelihood.to_dict(), "token_scores": [asdict(token) for token in self.token_scores]}


@dataclass(frozen=True)
class LineScores:
    """Scores of N texts, each by itself.

    Attributes:
        surprisal_bits: [N], sums over the tokens of each.
        tokens: [N], how many these are.
        characters: [N], Unicode code points of each.
        unknown: [N], characters of each that are not in the vocabulary, left out or read as <unknown>.
    """

    surprisal_bits: NDArray[np.float64]
    tokens: NDArray[np.int64]
    characters: NDArray[np.int64]
    unknown: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)


class _Line(NamedTuple):
    text: str
    counts: Counts
    nats: NDArray[np.float64]
    correct: int


class Scorer:
    """Scores texts with a decoder. Units that were never seen are named in one warning for each call."""

    def __init__(self, decoder: Predictor, tokenizer: Tokenizer) -> None:
        self._decoder = decoder
        self._tokenizer = tokenizer

    def score(self, text: str) -> Score:
        """One text, from the start state.

        Raises:
            InputError: it is empty, or has half a character.
            UnknownSymbolError: under the policy ``refuse``.
        """
        line = self._line(text)
        if not len(line.nats):
            raise InputError("there is no text to score")
        _warn(line.counts)
        return self._score(line)

    def as_score(self, text: str, ids: NDArray[np.int32], pieces: Sequence[Scores]) -> Score:
        """What a decoder's scores of a text's ids [T], in pieces, say of the text."""
        return self._score(_of_pieces(text, count(self._tokenizer, text, ids), pieces))

    def rows(self, texts: Iterable[str], by: By = "token") -> Iterator[SurprisalRow]:
        """One text in consecutive pieces, read once with carried state: its tokens, words or lines as they come."""
        return rows_by(by, self._tokens(texts))

    def each(self, texts: Iterable[str]) -> Iterator[Score]:
        """Many texts, each from the start state; what one gets does not depend on the others."""
        return map(self._score, self._lines(texts))

    def line_rows(self, texts: Iterable[str], first_line: int = 1) -> Iterator[SurprisalRow]:
        """A row for each of many texts, each from the start state: as those of :meth:`each` by line, and faster."""
        for number, line in enumerate(self._lines(texts), first_line):
            tokens, characters, unknown = _told(line.counts)
            bits = float(line.nats.sum() / np.log(2)) if tokens else None
            yield SurprisalRow(number, line.text.strip(), characters, tokens, bits, unknown)

    def lines(self, texts: Iterable[str]) -> LineScores:
        """The sums of many texts, each from the start state."""
        found = np.array(
            [(line.nats.sum() / np.log(2), *_told(line.counts)) for line in self._lines(texts)],
            np.float64,
        ).reshape(-1, len(fields(LineScores)))
        bits, *counts = found.T
        return LineScores(np.ascontiguousarray(bits), *(each.astype(np.int64) for each in counts))

    def likelihood(self, texts: Iterable[str]) -> Likelihood:
        """One text in consecutive pieces, read once with carried state."""
        result = evaluate(self._decoder, self._pieces(texts))
        _warn(result.counts)
        return result

    def _tokens(self, texts: Iterable[str]) -> Iterator[SurprisalRow]:
        state, last, line, seen = self._decoder.initial_state(), START, 1, Counts()
        for text in rebuffer(texts, self._tokenizer.unit, self._tokenizer.normalizer):
            ids = self._tokenizer.encode(text)
            nats = [np.empty(0)]
            for scores, reached, latest in surprisals(self._decoder, ids, state, last):
                nats.append(scores.surprisal)
                state, last = reached, latest
            bits = np.concatenate(nats) / np.log(2)
            yield from token_rows(segments(self._tokenizer, text), bits.tolist(), line)
            counts = count(self._tokenizer, text, ids)
            seen, line = seen + counts, line + text.count("\n")
        _warn(seen)

    def _pieces(self, texts: Iterable[str]) -> Iterator[CountedIds]:
        for text in rebuffer(texts, self._tokenizer.unit, self._tokenizer.normalizer):
            ids = self._tokenizer.encode(text)
            yield CountedIds(ids, count(self._tokenizer, text, ids))

    def _lines(self, texts: Iterable[str]) -> Iterator[_Line]:
        from concurrent.futures import ThreadPoolExecutor

        seen, waiting = Counts(), iter(texts)
        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            while batch := list(itertools.islice(waiting, _LINES_AT_ONCE)):
                for line in threads.map(self._line, batch):
                    seen += line.counts
                    yield line
        _warn(seen)

    def _line(self, text: str) -> _Line:
        check_text(text)
        ids = self._tokenizer.encode(text)
        counts = count(self._tokenizer, text, ids)
        if not len(ids):
            return _Line(text, counts, np.empty(0), 0)
        pieces = [
            found for found, _, _ in surprisals(self._decoder, ids, self._decoder.initial_state(), START)
        ]
        return _of_pieces(text, counts, pieces)

    def _score(self, line: _Line) -> Score:
        bits = iter((line.nats / np.log(2)).tolist())
        tokens = tuple(
            TokenScore(each.text, None if each.left_out else next(bits), each.known)
            for each in segments(self._tokenizer, line.text)
        )
        return Score(Likelihood(line.counts, float(line.nats.sum()), line.correct), tokens)


def _of_pieces(text: str, counts: Counts, pieces: Sequence[Scores]) -> _Line:
    nats = np.concatenate([piece.surprisal for piece in pieces])
    return _Line(text, counts, nats, int(sum(piece.correct.sum() for piece in pieces)))


def _told(counts: Counts) -> tuple[int, int, int]:
    """Tokens, characters, and characters that are not in the vocabulary."""
    return counts.symbols, counts.characters, counts.unknown_characters + counts.left_out_characters


def _warn(counts: Counts) -> None:
    if counts.missed:
        warnings.warn(never_seen(dict(counts.missed), bool(counts.left_out)), stacklevel=4)
