"""Which symbols may be written where: a finite automaton over ids, in one table.

A table [M, V] of uint8 holds, for each of M conditions and each symbol, the condition after it, or ``NEVER`` where
the symbol may not stand. Condition 0 is that of a beginning. Where any text symbol may follow any other, M is 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riverrun.text.vocabulary import SPECIAL

NEVER = 255
_LOOK_BACK = 16  # symbols from which the condition follows; a character of UTF-8 has four bytes at most

Permitted = NDArray[np.uint8]


def all_text(vocabulary: int) -> Permitted:
    """The table [1, V] under which only the unknown and the start symbol are never written."""
    table = np.zeros((1, vocabulary), np.uint8)
    table[:, :SPECIAL] = NEVER
    return table


def condition_after(permitted: Permitted, latest: Sequence[int] | NDArray[np.integer]) -> int:
    """The condition after the latest symbols, oldest first; one that may not stand where it does begins anew."""
    condition = 0
    if len(permitted) > 1:
        for symbol in latest[-_LOOK_BACK:]:
            reached = int(permitted[condition, symbol])
            condition = reached if reached != NEVER else 0
    return condition
