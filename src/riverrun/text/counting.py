"""What symbols say of a text and what they leave out, in characters."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riverrun.text.symbols import units_in_words
from riverrun.text.tokenizer import Tokenizer
from riverrun.text.vocabulary import UNKNOWN

_NAMED = 10  # units outside the vocabulary


@dataclass(frozen=True)
class Counts:
    """What a text holds, and how much of it its symbols tell.

    Attributes:
        symbols: number of symbols.
        characters: Unicode code points of the normalised text.
        size: bytes of UTF-8 of that text.
        unknown: symbols that are the unknown one.
        unknown_characters: characters that these stand for.
        left_out: units that no symbol stands for, under the policy ``skip``.
        left_out_characters: characters of these.
        missed: the most frequent units that are not in the vocabulary, with counts.
    """

    symbols: int = 0
    characters: int = 0
    size: int = 0
    unknown: int = 0
    unknown_characters: int = 0
    left_out: int = 0
    left_out_characters: int = 0
    missed: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        both = dict(self.missed)
        for unit, count in other.missed.items():
            both[unit] = both.get(unit, 0) + count
        return Counts(
            self.symbols + other.symbols,
            self.characters + other.characters,
            self.size + other.size,
            self.unknown + other.unknown,
            self.unknown_characters + other.unknown_characters,
            self.left_out + other.left_out,
            self.left_out_characters + other.left_out_characters,
            dict(sorted(both.items(), key=lambda each: -each[1])[:_NAMED]),
        )

    @property
    def tells_every_character(self) -> bool:
        """Whether a figure a character means something: each character has a part in a symbol.

        It has none where it was left out, or where one unknown symbol stands for several characters.
        """
        return not self.left_out and self.unknown_characters <= self.unknown

    @property
    def unknown_share(self) -> float:
        """Share of the text's units that are not in the vocabulary, those left out counted too."""
        return (self.unknown + self.left_out) / max(1, self.symbols + self.left_out)

    @property
    def caveat(self) -> str:
        """``19 of 22 characters left out: 'x' (10 times), ...``; empty where all are in the vocabulary."""
        missed = self.left_out_characters or self.unknown_characters
        if not missed:
            return ""
        how = "left out" if self.left_out else "read as <unknown>"
        return f"{missed:,} of {self.characters:,} characters {how}: {units_in_words(dict(self.missed))}"


def count(tokenizer: Tokenizer, text: str, ids: NDArray[np.int32]) -> Counts:
    """Counts of a text and of its ids [T]."""
    normalised = tokenizer.normalizer(text)
    unknown = int((ids == UNKNOWN).sum())
    unseen = tokenizer.unseen(text) if unknown or tokenizer.skips else {}
    units, characters = sum(unseen.values()), sum(len(unit) * times for unit, times in unseen.items())
    named = dict(sorted(unseen.items(), key=lambda each: -each[1])[:_NAMED])
    size = len(normalised.encode("utf-8", "surrogatepass"))
    told = (0, 0, units, characters) if tokenizer.skips else (unknown, characters, 0, 0)
    return Counts(len(ids), len(normalised), size, *told, named)
