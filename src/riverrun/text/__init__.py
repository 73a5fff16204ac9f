"""Text to symbols and back: tokenizers for bytes, characters, words and subwords. No torch here."""

from riverrun.text.saved import load_tokenizer
from riverrun.text.tokenizer import START, UNKNOWN, StreamDecoder, Tokenizer, train_tokenizer

__all__ = ["START", "UNKNOWN", "StreamDecoder", "Tokenizer", "load_tokenizer", "train_tokenizer"]
