"""Tokenizers: one interface, three kinds (a table of symbols, raw bytes, byte-level BPE)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from riverrun.errors import ModelError
from riverrun.text.bpe import BpeTokenizer
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.splitting import safe_cut
from riverrun.text.symbols import SymbolTokenizer
from riverrun.text.vocabulary import Vocabulary

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

    @property
    def skips(self) -> bool:
        """Whether units outside the vocabulary are left out of the ids."""
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

    def to_dict(self) -> dict[str, Any]: ...


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
            case "char" | "word" | "jieba" | "clause" | "symbols":
                vocabulary = Vocabulary(tuple(document["symbols"]))
                return SymbolTokenizer(document["unit"], vocabulary, document["unknown"], normalizer)
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
