"""Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019), by Hugging Face tokenizers."""

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riverrun.text.bytelevel import Utf8Decoder
from riverrun.text.normalization import Normalizer
from riverrun.text.vocabulary import SPECIAL

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

    def to_dict(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "normalizer": self.normalizer.to_dict(),
            "model": json.loads(self._model.to_str()),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], normalizer: Normalizer) -> "BpeTokenizer":
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        try:
            model = HuggingFaceTokenizer.from_str(json.dumps(document["model"]))
        except Exception as error:  # the library raises nothing more precise
            raise ValueError(f"bpe model: {error}") from error
        return cls(model, normalizer)

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
    from tokenizers import models, pre_tokenizers, trainers

    model = HuggingFaceTokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore
    trainer = trainers.BpeTrainer(
        vocab_size=max(256, size - SPECIAL),
        min_frequency=max(2, min_count),
        initial_alphabet=sorted(_byte_of_character()),
        show_progress=False,
    )
    model.train_from_iterator(_lines(pieces, normalizer), trainer)
    return BpeTokenizer(model, normalizer)


def _lines(pieces: Iterable[str], normalizer: Normalizer) -> Iterator[str]:
    """Short pieces for the trainer, which holds each one whole."""
    for piece in pieces:
        yield from normalizer(piece).splitlines(keepends=True)


def _byte_of_character() -> dict[str, int]:
    """The printable stand-in for each byte that byte-level BPE uses (Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    return table | {chr(256 + index): byte for index, byte in enumerate(others)}
