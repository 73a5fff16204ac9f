"""Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019), by Hugging Face tokenizers."""

import itertools
import json
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riverrun.text.bytelevel import Utf8Decoder
from riverrun.text.normalization import Normalizer
from riverrun.text.vocabulary import LONGEST_SYMBOL, SPECIAL

if TYPE_CHECKING:
    from tokenizers import Tokenizer as HuggingFaceTokenizer


class BpeTokenizer:
    """Wraps a trained byte-level BPE model; its ids follow the two special ones. Nothing is ever unknown."""

    unit = "bpe"
    skips = False

    def __init__(self, model: "HuggingFaceTokenizer", normalizer: Normalizer) -> None:
        self._model = model
        self.normalizer = normalizer

    @property
    def size(self) -> int:
        return self._model.get_vocab_size() + SPECIAL

    def encode(self, text: str) -> NDArray[np.int32]:
        return np.array(self._model.encode(self.normalizer(text)).ids, np.int32) + SPECIAL

    def decode(self, ids: Iterable[int]) -> str:
        raw = b"".join(self._bytes.get(symbol, b"") for symbol in ids)
        return raw.decode("utf-8", "replace")

    def decoder(self) -> Utf8Decoder:
        return Utf8Decoder(self._bytes)

    def unseen(self, text: str) -> dict[str, int]:
        return {}

    def unknown_units(self, text: str) -> list[str]:
        return []

    def to_dict(self) -> dict[str, Any]:
        model = json.loads(self._model.to_str())["model"]
        kept = {"type": "BPE", "vocab": model["vocab"], "merges": model["merges"]}
        return {"unit": self.unit, "normalizer": self.normalizer.to_dict(), "model": {"model": kept}}

    @classmethod
    def rebuilt(cls, vocabulary: dict[str, Any], merges: list[Any], normalizer: Normalizer) -> "BpeTokenizer":
        """A tokenizer from what was learned alone: whatever else a file says of the model is not read.

        Args:
            vocabulary: the ids 0 to N - 1 by token, which is written in stand-ins for bytes.
            merges: pairs of tokens, in order; each makes another token.
            normalizer: of texts, before they are encoded.

        Raises:
            ValueError: they are not of a byte-level model.
        """
        from tokenizers import Tokenizer as HuggingFaceTokenizer
        from tokenizers import models

        ids, alphabet = vocabulary.values(), _byte_of_character().keys()
        if not set(map(type, ids)) <= {int} or set(ids) != set(range(len(vocabulary))):
            raise ValueError(f"bpe: the ids are not those from 0 to {len(vocabulary) - 1}")
        if not alphabet <= vocabulary.keys():
            raise ValueError("bpe: a byte has no token")
        lengths = set(map(len, vocabulary))
        if not set("".join(vocabulary)) <= alphabet or min(lengths) < 1 or max(lengths) > LONGEST_SYMBOL:
            raise ValueError("bpe: a token is not written in bytes, or is too long")
        pairs = _pairs(merges)
        if not {*itertools.chain.from_iterable(pairs), *map("".join, pairs)} <= vocabulary.keys():
            raise ValueError("bpe: a merge is of tokens that there are not")
        return cls(_byte_level(HuggingFaceTokenizer(models.BPE(vocabulary, pairs))), normalizer)

    def bytes_of(self, symbol: int) -> bytes:
        """The bytes of UTF-8 that an id stands for; none for a special one."""
        return self._bytes.get(symbol, b"")

    @cached_property
    def _bytes(self) -> dict[int, bytes]:
        """The bytes each id stands for."""
        alphabet = _byte_of_character()
        return {
            index + SPECIAL: bytes(alphabet[character] for character in token)
            for token, index in self._model.get_vocab().items()
        }


def train_bpe(pieces: Iterable[str], normalizer: Normalizer, size: int, min_count: int) -> BpeTokenizer:
    """Learn merges until the vocabulary has ``size`` ids, special ones included (at least 258)."""
    from tokenizers import Tokenizer as HuggingFaceTokenizer
    from tokenizers import models, trainers

    model = _byte_level(HuggingFaceTokenizer(models.BPE()))
    trainer = trainers.BpeTrainer(
        vocab_size=max(256, size - SPECIAL),
        min_frequency=max(2, min_count),
        initial_alphabet=sorted(_byte_of_character()),
        show_progress=False,
    )
    model.train_from_iterator(_lines(pieces, normalizer), trainer)
    return BpeTokenizer(model, normalizer)


def _byte_level(model: "HuggingFaceTokenizer") -> "HuggingFaceTokenizer":
    from tokenizers import pre_tokenizers

    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    return model


def _pairs(merges: list[Any]) -> list[tuple[str, str]]:
    """Two tokens each, written as a list or, in older files, with a space between; raises ValueError."""
    parts = [merge.split(" ") if type(merge) is str else merge for merge in merges]
    pairs = [(part[0], part[1]) for part in parts if type(part) is list and len(part) == 2]
    if len(pairs) < len(parts) or not set(map(type, itertools.chain.from_iterable(pairs))) <= {str}:
        raise ValueError("bpe: a merge is not of two tokens")
    return pairs


def _lines(pieces: Iterable[str], normalizer: Normalizer) -> Iterator[str]:
    """Short pieces for the trainer, which holds each one whole."""
    for piece in pieces:
        yield from normalizer(piece).splitlines(keepends=True)


@cache
def _byte_of_character() -> dict[str, int]:
    """The printable stand-in for each byte that byte-level BPE uses (Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    return table | {chr(256 + index): byte for index, byte in enumerate(others)}
