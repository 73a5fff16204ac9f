"""Tokenizers: one interface, three makings (a table of symbols, raw bytes, byte-level BPE)."""

import json
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import CorpusError, ModelError
from riverrun.text.bpe import BpeTokenizer, train_bpe
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.spaced import SpacedTokenizer
from riverrun.text.splitting import is_chinese, is_clause_mark, safe_cut
from riverrun.text.symbols import SymbolTokenizer, count_symbols
from riverrun.text.vocabulary import START, UNKNOWN, Vocabulary

if TYPE_CHECKING:  # settings need pydantic, which loading a tokenizer does not
    from riverrun.config.settings import TextSettings

__all__ = ["START", "UNKNOWN", "StreamDecoder", "Tokenizer", "load_tokenizer", "rebuffer", "train_tokenizer"]

Ids = NDArray[np.int32]


class StreamDecoder(Protocol):
    """Turns ids into text as they come; never gives out part of a character."""

    def push(self, symbol: int) -> str:
        """Text that became certain with this id; may be empty."""
        ...

    def flush(self) -> str:
        """Text still held back at the end (an incomplete character becomes U+FFFD)."""
        ...


class Tokenizer(Protocol):
    """Text to ids and back. Id 0 is the unknown symbol, id 1 the start of a document; text never holds either."""

    normalizer: Normalizer

    @property
    def unit(self) -> str: ...

    @property
    def size(self) -> int:
        """Number of ids V, the two special ones included."""
        ...

    def encode(self, text: str) -> Ids:
        """Ids [T] of the normalised text; raises UnknownSymbolError under the policy ``refuse``."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids [T]; ``decode(encode(text)) == normalizer(text)`` when nothing is unknown."""
        ...

    def decoder(self) -> StreamDecoder: ...

    def unseen(self, text: str) -> dict[str, int]:
        """Units of the text outside the vocabulary, with counts."""
        ...

    def unknown_units(self, text: str) -> list[str]:
        """Units of the text that become the unknown symbol, in order."""
        ...

    def to_dict(self) -> dict[str, Any]: ...


def train_tokenizer(settings: "TextSettings", chunks: Iterable[str]) -> Tokenizer:
    """Build a tokenizer from training text.

    Args:
        settings: the unit and its options.
        chunks: consecutive pieces of the text, cut anywhere.

    Raises:
        CorpusError: no symbol is left, because the text is empty or ``min_count`` is too high.
    """
    settings = resolve_text(settings)
    assert settings.min_count is not None
    assert settings.unknown is not None
    normalizer = Normalizer(settings.lower, settings.normalize)
    match settings.unit:
        case "byte":
            return ByteTokenizer(normalizer)
        case "bpe":
            pieces = rebuffer(chunks, settings.unit, normalizer)
            return train_bpe(pieces, normalizer, settings.max_vocabulary or 4096, settings.min_count)
        case "char" | "word" | "jieba" | "clause":
            counts = count_symbols(settings.unit, rebuffer(chunks, settings.unit, normalizer), normalizer)
            choose = Vocabulary.with_spelling if _spells(settings) else Vocabulary.from_counts
            vocabulary = choose(counts, settings.min_count, settings.max_vocabulary)
            if not vocabulary.symbols:
                raise CorpusError(
                    f"no {settings.unit} occurs {settings.min_count} times in the text: "
                    "give more text or lower --text.min-count"
                )
            _warn_of_unfit(settings.unit, counts)
            return SymbolTokenizer(settings.unit, vocabulary, settings.unknown, normalizer)


def resolve_text(settings: "TextSettings") -> "TextSettings":
    """Settings of a text with nothing left open.

    Words seen once or twice are better spelled: so the model has learned spelling when it meets a word that the
    training text does not have. On luxun.txt by words that took 7.65 bits per character to 7.19.
    """
    settings = settings.model_copy(update={"unknown": settings.unknown or "spell"})
    return settings.model_copy(update={"min_count": settings.min_count or (3 if _spells(settings) else 1)})


def _spells(settings: "TextSettings") -> bool:
    return settings.unknown == "spell" and settings.unit in ("word", "jieba", "clause")


def _warn_of_unfit(unit: str, found: Iterable[str]) -> None:
    """A unit made for texts of another kind is allowed, and said."""
    if unit == "jieba" and not any(is_chinese(symbol[0]) for symbol in found):
        warnings.warn("text.unit = jieba, but the text has no Chinese: word does the same", stacklevel=2)
    if unit == "clause" and not any(map(is_clause_mark, found)):
        warnings.warn(
            "text.unit = clause, but the text has no punctuation: every line is one symbol", stacklevel=2
        )


def load_tokenizer(text: str) -> Tokenizer:
    """The inverse of ``json.dumps(tokenizer.to_dict())``.

    Raises:
        ModelError: the text is not a tokenizer of a known kind.
    """
    try:
        document = json.loads(text)
        normalizer = Normalizer(**document["normalizer"])
        match document["unit"]:
            case "byte":
                return ByteTokenizer(normalizer)
            case "bpe":
                return BpeTokenizer.from_dict(document, normalizer)
            case "char" | "word" | "jieba" | "clause":
                return SymbolTokenizer(
                    document["unit"],
                    Vocabulary(tuple(document["symbols"])),
                    document["unknown"],
                    normalizer,
                )
            case "symbols":
                vocabulary = Vocabulary(tuple(document["symbols"]))
                return SpacedTokenizer(vocabulary, document["unknown"], normalizer)
            case other:
                raise ModelError(f"tokenizer.json: unit {other!r} is not known to this version of riverrun")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"tokenizer.json cannot be read: {error}") from error


def rebuffer(chunks: Iterable[str], unit: str, normalizer: Normalizer) -> Iterator[str]:
    """Move cuts between chunks to places where they change no unit, so that chunks can be encoded alone."""
    if unit in ("byte", "char") and not normalizer.depends_on_context:
        yield from chunks
        return
    held = ""
    for chunk in chunks:
        held += chunk
        cut = safe_cut(held, unit) or (len(held) if len(held) > 1 << 26 else 0)
        if cut:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held
