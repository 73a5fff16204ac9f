"""Surprisal by token, by word and by line: rows whose texts are the input's own."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from riverrun.text.segments import Segment
from riverrun.text.splitting import is_chinese, split_chinese_words

By = Literal["token", "word", "line"]
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class SurprisalRow:
    """A stretch of text and how surprising it was.

    Attributes:
        line: number of its line, from 1.
        text: the input's own; of a word or a line without the blanks around it.
        characters: Unicode code points, blanks counted too.
        tokens: symbols that stand for it.
        surprisal_bits: the sum over these; None where there are none.
        unknown: characters that are not in the vocabulary, left out or read as <unknown>.
    """

    line: int
    text: str
    characters: int
    tokens: int
    surprisal_bits: float | None
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


def token_rows(
    segments: Iterable[Segment], bits: Iterable[float], first_line: int = 1
) -> Iterator[SurprisalRow]:
    """A row for each segment of a text, those left out too; their texts joined are the text.

    Args:
        segments: of the text, see :func:`riverrun.text.segments.segments`.
        bits: surprisal of each of those that are not left out.
        first_line: number of the line that the text begins with.
    """
    line, told = first_line, iter(bits)
    for text, known, left_out in segments:
        surprisal = None if left_out else next(told)
        yield SurprisalRow(line, text, len(text), 0 if left_out else 1, surprisal, 0 if known else len(text))
        line += text.count("\n")


def rows_by(by: By, tokens: Iterable[SurprisalRow]) -> Iterator[SurprisalRow]:
    """Rows of tokens put together, see :func:`groups`."""
    return iter(tokens) if by == "token" else map(_joined, groups(by, tokens))


def groups(by: By, tokens: Iterable[SurprisalRow]) -> Iterator[list[SurprisalRow]]:
    """The tokens of each token, word or line; no token is left out.

    Words are what stands between blanks; Chinese is cut by jieba. A word has the blanks that follow it: that it ends
    there is part of what is predicted (Oh & Schuler 2024; Pimentel & Meister 2024). Blanks at the start of a line go
    with its first word. A token that has both, as subwords do, goes with its letters.
    """
    match by:
        case "token":
            yield from ([token] for token in tokens)
        case "line":
            yield from _lines(tokens)
        case "word":
            for line in _lines(tokens):
                yield from _words(line)


def _lines(tokens: Iterable[SurprisalRow]) -> Iterator[list[SurprisalRow]]:
    """Tokens of each line, a line break being the last of its line."""
    held: list[SurprisalRow] = []
    for token in tokens:
        held.append(token)
        if "\n" in token.text:
            yield held
            held = []
    if held:
        yield held


def _words(line: list[SurprisalRow]) -> Iterator[list[SurprisalRow]]:
    """Tokens of each word of a line."""
    starts = _word_starts("".join(token.text for token in line))
    words: list[list[SurprisalRow]] = [[] for _ in starts]
    place = 0
    for token in line:
        letters = len(token.text) - len(token.text.lstrip())
        where = place + (letters if letters < len(token.text) else 0)
        words[max(0, bisect_right(starts, where) - 1)].append(token)
        place += len(token.text)
    return (word for word in words if word)


def _word_starts(text: str) -> list[int]:
    """Where words begin; the first with the line."""
    starts = []
    for found in _WORD.finditer(text):
        starts.append(found.start())
        if any(map(is_chinese, found[0])):
            place = found.start()
            for unit in split_chinese_words(found[0].rstrip()):
                starts.append(place)
                place += len(unit)
    return [0, *(start for start in sorted(set(starts))[1:])]


def _joined(tokens: Sequence[SurprisalRow]) -> SurprisalRow:
    told = [token.surprisal_bits for token in tokens if token.surprisal_bits is not None]
    return replace(
        tokens[0],
        text="".join(token.text for token in tokens).strip(),
        characters=sum(token.characters for token in tokens),
        tokens=len(told),
        surprisal_bits=math.fsum(told) if told else None,
        unknown=sum(token.unknown for token in tokens),
    )
