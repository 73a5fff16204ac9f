"""The code of a transducer's actions (after Makarov & Clematide 2018)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.text.vocabulary import START, UNKNOWN


@dataclass(frozen=True)
class Actions:
    """What a transducer does, as one number, over V target symbols.

    Writing symbol a is ``a`` itself, so that the boundary symbol still ends; writing a and moving on along the
    source is ``V + a``; moving on alone is ``2V``. Methods take a number or an array or tensor of them.
    """

    vocabulary: int

    @property
    def size(self) -> int:
        """How many actions there are."""
        return 2 * self.vocabulary + 1

    @property
    def move(self) -> int:
        """Move on, writing nothing."""
        return 2 * self.vocabulary

    def write_and_move(self, symbols: Any) -> Any:
        """Write symbols and move on; to write one and stay is the symbol itself."""
        return symbols + self.vocabulary

    def moves(self, actions: Any) -> Any:
        """Whether actions move on."""
        return actions >= self.vocabulary

    def written(self, actions: Iterable[int]) -> list[int]:
        """The symbols that actions write."""
        return [action % self.vocabulary for action in actions if action != self.move]

    def forbidden(self) -> NDArray[np.bool_]:
        """Actions that make no sense [2V + 1]: to write what is unknown, to write the end and move on."""
        none = np.zeros(self.size, np.bool_)
        none[[UNKNOWN, self.write_and_move(UNKNOWN), self.write_and_move(START)]] = True
        return none
