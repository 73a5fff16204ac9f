"""The bytes of UTF-8 that each id of a tokenizer stands for."""

from riverrun.text.bpe import BpeTokenizer
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.symbols import SymbolTokenizer
from riverrun.text.tokenizer import Tokenizer
from riverrun.text.vocabulary import SPECIAL

Pieces = tuple[bytes, ...]


def pieces_of(tokenizer: Tokenizer) -> Pieces:
    """One for each of V ids; the special ones stand for nothing."""
    nothing = (b"",) * SPECIAL
    if isinstance(tokenizer, ByteTokenizer):
        return nothing + tuple(bytes([byte]) for byte in range(256))
    if isinstance(tokenizer, BpeTokenizer):
        return tuple(tokenizer.bytes_of(symbol) for symbol in range(tokenizer.size))
    if isinstance(tokenizer, SymbolTokenizer):
        return nothing + tuple(
            symbol.encode("utf-8", "surrogatepass") for symbol in tokenizer.vocabulary.symbols
        )
    raise AssertionError(tokenizer)
