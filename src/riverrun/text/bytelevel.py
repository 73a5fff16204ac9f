"""A tokenizer whose symbols are the 256 bytes of UTF-8."""

import codecs
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.text.normalization import Normalizer
from riverrun.text.vocabulary import SPECIAL


class ByteTokenizer:
    """Id of a byte is its value plus two; nothing is ever unknown."""

    unit = "byte"
    size = 256 + SPECIAL
    skips = False

    def __init__(self, normalizer: Normalizer) -> None:
        self.normalizer = normalizer

    def encode(self, text: str) -> NDArray[np.int32]:
        raw = self.normalizer(text).encode("utf-8", "surrogatepass")
        return np.frombuffer(raw, np.uint8).astype(np.int32) + SPECIAL

    def decode(self, ids: Iterable[int]) -> str:
        raw = bytes(symbol - SPECIAL for symbol in ids if symbol >= SPECIAL)
        return raw.decode("utf-8", "replace")

    def decoder(self) -> "Utf8Decoder":
        return Utf8Decoder({index + SPECIAL: bytes([index]) for index in range(256)})

    def unseen(self, text: str) -> dict[str, int]:
        return {}

    def to_dict(self) -> dict[str, Any]:
        return {"unit": self.unit, "normalizer": self.normalizer.to_dict()}


class Utf8Decoder:
    """Streams symbols that stand for bytes; a character is given out when its last byte is there."""

    def __init__(self, table: dict[int, bytes]) -> None:
        self._table = table
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, symbol: int) -> str:
        return self._decoder.decode(self._table.get(symbol, b""))

    def flush(self) -> str:
        return self._decoder.decode(b"", final=True)
