"""Which symbols may be written where: a finite automaton over ids, in one table.

A table [M, V] of uint8 holds, for each of M conditions and each symbol, the condition after it, or ``NEVER`` where
the symbol may not stand. Condition 0 is that of a beginning. Where any text symbol may follow any other, M is 1;
where symbols stand for bytes, conditions are the places within a character (Unicode Standard, table 3-7).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riverrun.text.bpe import BpeTokenizer
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.pieces import Pieces, pieces_of
from riverrun.text.tokenizer import Tokenizer
from riverrun.text.vocabulary import SPECIAL

NEVER = 255
_LOOK_BACK = 4  # symbols that tell the condition: of four bytes in a row one begins a character

Permitted = NDArray[np.uint8]


def all_text(vocabulary: int) -> Permitted:
    """The table [1, V] under which only the unknown and the start symbol are never written."""
    table = np.zeros((1, vocabulary), np.uint8)
    table[:, :SPECIAL] = NEVER
    return table


def permitted_by(tokenizer: Tokenizer) -> Permitted:
    """The table [M, V] of a tokenizer: text that follows it holds whole characters, but for an unfinished last one."""
    if isinstance(tokenizer, ByteTokenizer | BpeTokenizer):
        return whole_characters(pieces_of(tokenizer))
    return all_text(tokenizer.size)


def whole_characters(pieces: Pieces) -> Permitted:
    """The table of symbols that stand for these bytes [V]; conditions are those of ``_FOLLOWING``."""
    after_byte = _after_bytes()  # [9, 256], the last row for what has failed
    lengths = np.array([len(piece) for piece in pieces])
    longest = int(lengths.max())
    padded = np.frombuffer(b"".join(piece.ljust(longest, b"\0") for piece in pieces), np.uint8)
    columns = padded.reshape(len(pieces), longest).T
    reached = np.repeat(np.arange(_FAILED)[:, None], len(pieces), axis=1)  # [8, V]
    for place, column in enumerate(columns):
        reached = np.where(place < lengths, after_byte[reached, column], reached)
    table = np.where(reached == _FAILED, NEVER, reached).astype(np.uint8)
    table[:, lengths == 0] = NEVER
    return table


# For each condition the ranges of bytes that may follow, and the condition after each.
_FOLLOWING = (
    "00-7F:0 C2-DF:1 E0-E0:4 E1-EC:2 ED-ED:5 EE-EF:2 F0-F0:6 F1-F3:3 F4-F4:7",
    "80-BF:0",
    "80-BF:1",
    "80-BF:2",
    "A0-BF:1",
    "80-9F:1",
    "90-BF:2",
    "80-8F:2",
)
_FAILED = len(_FOLLOWING)


def _after_bytes() -> NDArray[np.int64]:
    table = np.full((_FAILED + 1, 256), _FAILED)
    for condition, ranges in enumerate(_FOLLOWING):
        for each in ranges.split():
            table[condition, int(each[:2], 16) : int(each[3:5], 16) + 1] = int(each[6])
    return table


def condition_after(permitted: Permitted, latest: Sequence[int] | NDArray[np.integer]) -> int:
    """The condition after the latest symbols, oldest first; one that may not stand where it does begins anew."""
    if len(permitted) == 1:
        return 0
    possible = {0} if len(latest) <= _LOOK_BACK else set(range(len(permitted)))
    for symbol in latest[-_LOOK_BACK:]:
        possible = {int(permitted[condition, symbol]) for condition in possible} - {NEVER} or {0}
    return min(possible)
