"""How the end of a prompt may be read otherwise: as the beginning of a symbol that goes on after it.

A prompt is cut into symbols as if the text ended there: "the do" ends in the word "do", which no training text has
before "g". What is written would never finish the word (Lundberg 2023 calls the cure token healing).
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.text.pieces import Pieces

_MOST = 64  # symbols at the end of a prompt that are read otherwise


class Overhang(NamedTuple):
    """A prompt and its other readings.

    Attributes:
        kept: ids that are read as they are.
        tail: ids [N] after them that may be read otherwise; none where no symbol goes on after the prompt.
        longer: for each of N places in the tail, the ids of symbols that begin with the text from there on and go on.
    """

    kept: list[int]
    tail: list[int]
    longer: list[NDArray[np.int64]]


class Readings:
    """Finds overhangs among the symbols of a tokenizer."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        order = sorted(range(len(pieces)), key=pieces.__getitem__)
        self._order = np.array(order)
        self._sorted = [pieces[symbol] for symbol in order]
        self._longest = max(map(len, pieces))

    def overhang(self, ids: list[int], kept: int = 0) -> Overhang:
        """Of a prompt of these ids [T], of which so many must be kept."""
        longer: list[NDArray[np.int64]] = []  # from the end on
        text, length = b"", 0
        for back in range(1, min(_MOST, len(ids) - kept) + 1):
            piece = self._pieces[ids[-back]]
            text = piece + text
            if not piece or len(text) >= self._longest:
                break
            longer.append(self._going_on(text))
            if len(longer[-1]):
                length = back
        at = len(ids) - length
        return Overhang(ids[:at], ids[at:], longer[:length][::-1])

    def _going_on(self, text: bytes) -> NDArray[np.int64]:
        """Symbols that begin with a text and are longer."""
        first = bisect_right(self._sorted, text)
        return self._order[first : bisect_left(self._sorted, text + b"\xff", first)]  # no UTF-8 has this byte
