"""A tokenizer for symbols written with spaces between them, as phones and tags are."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.text.normalization import Normalizer
from riverrun.text.symbols import follow_policy
from riverrun.text.vocabulary import START, UNKNOWN, Vocabulary


class SpacedTokenizer:
    """Splits at spaces and joins with one: ``decode(encode(text))`` is the text with its spaces made single."""

    unit = "symbols"

    def __init__(self, vocabulary: Vocabulary, unknown: str, normalizer: Normalizer) -> None:
        self.vocabulary = vocabulary
        self.unknown = unknown
        self.normalizer = normalizer

    @property
    def size(self) -> int:
        return self.vocabulary.size

    def encode(self, text: str) -> NDArray[np.int32]:
        lookup = self.vocabulary.ids
        ids = np.array([lookup.get(symbol, UNKNOWN) for symbol in self.normalizer(text).split()], np.int32)
        return follow_policy(ids, self.unknown, lambda: self.unseen(text))

    def decode(self, ids: Iterable[int]) -> str:
        return " ".join(self.vocabulary.text(symbol) for symbol in ids if symbol != START)

    def decoder(self) -> "_SpacedDecoder":
        return _SpacedDecoder(self.vocabulary)

    def unseen(self, text: str) -> dict[str, int]:
        counts = Counter(self.normalizer(text).split())
        return {symbol: count for symbol, count in counts.items() if symbol not in self.vocabulary.ids}

    def unknown_units(self, text: str) -> list[str]:
        return [symbol for symbol in self.normalizer(text).split() if symbol not in self.vocabulary.ids]

    def to_dict(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "normalizer": self.normalizer.to_dict(),
            "unknown": self.unknown,
            "symbols": list(self.vocabulary.symbols),
        }


class _SpacedDecoder:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._begun = False

    def push(self, symbol: int) -> str:
        text = self._vocabulary.text(symbol)
        space = " " if self._begun and text else ""
        self._begun = self._begun or bool(text)
        return space + text

    def flush(self) -> str:
        return ""
