"""The table of symbols of a tokenizer."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

UNKNOWN = 0
START = 1
SPECIAL = 2  # ids below this are not text
REPLACEMENT = "\ufffd"  # how the unknown symbol is shown


@dataclass(frozen=True)
class Vocabulary:
    """Symbols in order of id; the first has id ``SPECIAL``."""

    symbols: tuple[str, ...]

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], min_count: int, most: int = 0) -> "Vocabulary":
        """Keep symbols seen at least ``min_count`` times, most frequent first, at most ``most`` ids in all (0: all)."""
        kept = sorted((s for s, n in counts.items() if n >= min_count), key=lambda s: (-counts[s], s))
        return cls(tuple(kept[: most - SPECIAL] if most else kept))

    @classmethod
    def with_spelling(cls, counts: Mapping[str, int], min_count: int, most: int = 0) -> "Vocabulary":
        """The same of units of several characters; before them every character, so that other units can be spelled."""
        characters: Counter[str] = Counter()
        for unit, count in counts.items():
            for character in unit:
                characters[character] += count
        spelling = cls.from_counts(characters, 1, most)
        longer = {unit: count for unit, count in counts.items() if len(unit) > 1}
        left = most - len(spelling.symbols) if most else 0
        return cls(spelling.symbols + cls.from_counts(longer, min_count, left).symbols)

    @property
    def size(self) -> int:
        return len(self.symbols) + SPECIAL

    @cached_property
    def ids(self) -> dict[str, int]:
        return {symbol: index for index, symbol in enumerate(self.symbols, SPECIAL)}

    def text(self, symbol: int) -> str:
        """What an id stands for; the start symbol is empty."""
        if symbol < SPECIAL:
            return REPLACEMENT if symbol == UNKNOWN else ""
        return self.symbols[symbol - SPECIAL]
