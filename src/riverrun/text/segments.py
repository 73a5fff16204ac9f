"""The text of each symbol, as the text itself has it."""

from typing import NamedTuple

from riverrun.text.symbols import SymbolTokenizer
from riverrun.text.tokenizer import Tokenizer


class Segment(NamedTuple):
    """A stretch of text that one symbol stands for.

    Attributes:
        text: may be empty where several symbols make one character.
        known: whether the vocabulary has it.
        left_out: no symbol stands for it after all.
    """

    text: str
    known: bool = True
    left_out: bool = False


def segments(tokenizer: Tokenizer, text: str) -> list[Segment]:
    """The normalised text cut up: one segment for each id of ``encode`` and for each unit that it leaves out.

    Unlike ``decode`` they show the text's own characters where a unit is unknown.
    """
    if isinstance(tokenizer, SymbolTokenizer):
        known = tokenizer.vocabulary.ids
        return [
            Segment(unit, unit in known, tokenizer.skips and unit not in known)
            for unit in tokenizer.units(text)
        ]
    decoder = (
        tokenizer.decoder()
    )  # of bytes and subwords, which know all: a character stands with its last byte
    texts = [decoder.push(symbol) for symbol in tokenizer.encode(text).tolist()]
    if texts:
        texts[-1] += decoder.flush()
    return [Segment(each) for each in texts]
