"""A tokenizer whose symbols stand in a table: characters, words, and symbols written with spaces between them."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import UnknownSymbolError
from riverrun.text.normalization import Normalizer
from riverrun.text.splitting import split_chinese_words, split_clauses, split_words
from riverrun.text.vocabulary import UNKNOWN, Vocabulary

_CODE_POINTS = 0x110000


class SymbolTokenizer:
    """Splits text into units and looks each up in a vocabulary.

    Joining the units gives the text back; those of the unit ``symbols`` are split at spaces and joined with one, so
    that the text comes back with its spaces made single.

    Under the policy ``spell`` a unit outside the vocabulary is spelled: each of its characters is a symbol. Then
    units of any length give a text its likelihood on the same terms, since all know the same characters.
    """

    def __init__(self, unit: str, vocabulary: Vocabulary, unknown: str, normalizer: Normalizer) -> None:
        self.unit = unit
        self.vocabulary = vocabulary
        self.unknown = unknown
        self.normalizer = normalizer

    @property
    def size(self) -> int:
        return self.vocabulary.size

    @property
    def skips(self) -> bool:
        return self.unknown == "skip"

    def units(self, text: str) -> list[str]:
        """Units of the normalised text, whether known or not; those to be spelled as their characters."""
        return list(self._symbols(self.normalizer(text)))

    def encode(self, text: str) -> NDArray[np.int32]:
        text = self.normalizer(text)
        if self.unit == "char":
            ids = self._table[code_points(text)]
        else:
            lookup = self.vocabulary.ids
            ids = np.fromiter((lookup.get(symbol, UNKNOWN) for symbol in self._symbols(text)), np.int32)
        return follow_policy(ids, self.unknown, lambda: self.unseen(text))

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(map(self.decoder().push, ids))

    def decoder(self) -> "_TableDecoder":
        return _TableDecoder(self.vocabulary, " " if self.unit == "symbols" else "")

    def unseen(self, text: str) -> dict[str, int]:
        normalised = self.normalizer(text)
        if self.unit == "char" and self._table[code_points(normalised)].all():  # as nearly always, and fast
            return {}
        counts = Counter(self._symbols(normalised))
        return {symbol: count for symbol, count in counts.items() if symbol not in self.vocabulary.ids}

    def unknown_units(self, text: str) -> list[str]:
        """Units of the text that become the unknown symbol, in order."""
        known = self.vocabulary.ids
        return [unit for unit in self._symbols(self.normalizer(text)) if unit not in known]

    def to_dict(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "normalizer": self.normalizer.to_dict(),
            "unknown": self.unknown,
            "symbols": list(self.vocabulary.symbols),
        }

    def _symbols(self, text: str) -> Iterable[str]:
        """Units of normalised text, those to be spelled as their characters."""
        units = split(self.unit, text)
        if self.unknown != "spell" or self.unit == "symbols":
            return units
        known = self.vocabulary.ids
        return itertools.chain.from_iterable((unit,) if unit in known else unit for unit in units)

    @cached_property
    def _table(self) -> NDArray[np.int32]:
        """Id of every code point [0x110000]: one look-up encodes a whole chunk."""
        table = np.zeros(_CODE_POINTS, np.int32)
        for symbol, index in self.vocabulary.ids.items():
            table[ord(symbol)] = index
        return table


class _TableDecoder:
    """Joins symbols, a separator between each and the next."""

    def __init__(self, vocabulary: Vocabulary, separator: str) -> None:
        self._vocabulary = vocabulary
        self._separator = separator
        self._before = ""  # what stands before the next symbol

    def push(self, symbol: int) -> str:
        if not (text := self._vocabulary.text(symbol)):
            return ""
        joined, self._before = self._before + text, self._separator
        return joined

    def flush(self) -> str:
        return ""


def follow_policy(
    ids: NDArray[np.int32], policy: str, unseen: Callable[[], dict[str, int]]
) -> NDArray[np.int32]:
    """Ids [T] with unknown ones kept, left out, or refused by UnknownSymbolError."""
    if policy in ("unknown", "spell") or not (ids == UNKNOWN).any():
        return ids
    if policy == "refuse":
        raise UnknownSymbolError(
            f"{units_in_words(unseen())} not in the model's vocabulary, "
            "and its settings refuse unknown symbols (text.unknown = refuse)"
        )
    return ids[ids != UNKNOWN]


def split(unit: str, text: str) -> list[str]:
    """Units of normalised text."""
    match unit:
        case "char":
            return list(text)
        case "jieba":
            return split_chinese_words(text)
        case "clause":
            return split_clauses(text)
        case "symbols":
            return text.split()
        case _:
            return split_words(text)


def count_symbols(unit: str, pieces: Iterable[str], normalizer: Normalizer) -> Counter[str]:
    """How often each unit occurs in the pieces."""
    if unit != "char":
        return Counter(itertools.chain.from_iterable(split(unit, normalizer(piece)) for piece in pieces))
    counts = np.zeros(_CODE_POINTS, np.int64)
    for piece in pieces:
        found = np.bincount(code_points(normalizer(piece)))
        counts[: len(found)] += found
    return Counter({chr(point): int(counts[point]) for point in np.flatnonzero(counts)})


def code_points(text: str) -> NDArray[np.uint32]:
    """Unicode code points [T] of a text."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8).astype(np.uint32)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def never_seen(units: dict[str, int], left_out: bool) -> str:
    """A sentence that warns of symbols outside the vocabulary, and says what is done with them."""
    return f"never seen in training and {'left out' if left_out else 'read as <unknown>'}: {units_in_words(units)}"


def units_in_words(units: dict[str, int], most: int = 5) -> str:
    """``'é', 'ß' (2 times) and 3 more`` for messages."""
    named = [repr(unit) + (f" ({count} times)" if count > 1 else "") for unit, count in units.items()]
    if len(named) > most:
        named = [*named[:most], f"{len(named) - most} more"]
    return named[0] if len(named) == 1 else ", ".join(named[:-1]) + f" and {named[-1]}" if named else ""
