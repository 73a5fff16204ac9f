"""The two tokenizers of a corpus of pairs, one for each side."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from riverrun.errors import CorpusError
from riverrun.text.bpe import train_bpe
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.spaced import SpacedTokenizer
from riverrun.text.symbols import SymbolTokenizer, split
from riverrun.text.tokenizer import Tokenizer
from riverrun.text.vocabulary import Vocabulary

if TYPE_CHECKING:  # settings need pydantic, which loading a tokenizer does not
    from riverrun.config.settings import Settings, TextSettings, Unit

Texts = Callable[
    [], Iterator[str]
]  # gives the texts of one side, from the first on, as often as it is called

LOOKED_AT = 5000  # texts read to choose a unit or a normal form


def train_side(unit: "Unit", texts: Texts, normalizer: Normalizer, settings: "Settings") -> Tokenizer:
    """Build the tokenizer of one side; ``text.min_count``, ``max_vocabulary`` and ``unknown`` apply.

    Raises:
        CorpusError: no symbol is left.
    """
    text = resolve_sides(settings.text)
    assert text.min_count is not None
    assert text.unknown is not None
    match unit:
        case "byte":
            return ByteTokenizer(normalizer)
        case "bpe":
            return train_bpe(texts(), normalizer, text.max_vocabulary or 4096, text.min_count)
        case "char" | "word" | "jieba" | "symbols":
            counts: Counter[str] = Counter()
            for item in texts():
                counts.update(_units(unit, normalizer(item)))
            spells = text.unknown == "spell" and unit in ("word", "jieba")
            choose = Vocabulary.with_spelling if spells else Vocabulary.from_counts
            vocabulary = choose(counts, text.min_count, text.max_vocabulary)
            if not vocabulary.symbols:
                raise CorpusError(f"no {unit} occurs {text.min_count} times: lower --text.min-count")
            if unit == "symbols":
                return SpacedTokenizer(vocabulary, text.unknown, normalizer)
            return SymbolTokenizer(unit, vocabulary, text.unknown, normalizer)


def resolve_sides(settings: "TextSettings") -> "TextSettings":
    """Settings of pairs with nothing left open: all units of the training pairs, and others unknown."""
    chosen = {"unknown": settings.unknown or "unknown", "min_count": settings.min_count or 1}
    return settings.model_copy(update=chosen)


def choose_unit(texts: Iterable[str]) -> "Unit":
    """``symbols`` where most texts are short pieces with spaces between them, as phones are; else ``char``."""
    seen = several = pieces = short = single = 0
    for text in islice(texts, LOOKED_AT):
        parts = text.split()
        seen += 1
        if len(parts) > 1:
            several += 1
            pieces += len(parts)
            short += sum(len(part) <= 4 for part in parts)
            single += sum(len(part) == 1 for part in parts)
    return "symbols" if 2 * several > seen and short == pieces and 2 * single > pieces else "char"


def choose_normal_form(texts: Iterable[str]) -> str:
    """``NFD`` where it makes the set of characters at most half as large, as for Hangul; else ``none``."""
    seen, parts = set(), set()
    decompose = Normalizer(form="NFD")
    for text in islice(texts, LOOKED_AT):
        seen.update(text)
        parts.update(decompose(text))
    return "NFD" if 2 * len(parts) <= len(seen) else "none"


def sides_to_json(source: Tokenizer, target: Tokenizer) -> str:
    """Both tokenizers as one ``tokenizer.json``."""
    return json.dumps({"source": source.to_dict(), "target": target.to_dict()}, ensure_ascii=False)


def _units(unit: str, text: str) -> list[str]:
    return text.split() if unit == "symbols" else split(unit, text)
