"""Text to symbols and back: tokenizers for bytes, characters, words and subwords. No torch here."""

from riverrun.text.saved import load_tokenizer
from riverrun.text.tokenizer import StreamDecoder, Tokenizer
from riverrun.text.vocabulary import START, UNKNOWN

__all__ = ["START", "UNKNOWN", "StreamDecoder", "Tokenizer", "load_tokenizer"]
