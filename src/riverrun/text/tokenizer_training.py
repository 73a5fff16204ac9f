"""Learning a tokenizer from text."""

import warnings
from collections.abc import Iterable, Mapping

from riverrun.config.ranges import SideUnit, TextUnit
from riverrun.config.resolved import SideSymbols, Symbols
from riverrun.errors import CorpusError
from riverrun.text.bpe import train_bpe
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.splitting import is_chinese, is_clause_mark
from riverrun.text.symbols import SymbolTokenizer, count_symbols
from riverrun.text.tokenizer import Tokenizer, rebuffer
from riverrun.text.vocabulary import Vocabulary


def train_tokenizer(symbols: Symbols, chunks: Iterable[str]) -> Tokenizer:
    """Build the tokenizer of a text.

    Args:
        symbols: the unit and its options; byte-pair encoding needs a bound on the vocabulary.
        chunks: consecutive pieces of the text, cut anywhere.

    Raises:
        CorpusError: no symbol is left, because the text is empty or ``min_count`` is too high.
    """
    normalizer = Normalizer(symbols.lower, symbols.normalize)
    tokenizer = learn_tokenizer(symbols.unit, rebuffer(chunks, symbols.unit, normalizer), normalizer, symbols)
    if isinstance(tokenizer, SymbolTokenizer):
        _warn_of_unfit(tokenizer)
    return tokenizer


def learn_tokenizer(
    unit: TextUnit | SideUnit, pieces: Iterable[str], normalizer: Normalizer, symbols: Symbols | SideSymbols
) -> Tokenizer:
    """Build a tokenizer of a unit from pieces of text whose ends cut no unit.

    Raises:
        CorpusError: no symbol is left.
    """
    match unit:
        case "byte":
            return ByteTokenizer(normalizer)
        case "bpe":
            return train_bpe(pieces, normalizer, symbols.max_vocabulary, symbols.min_count)
        case "char" | "word" | "jieba" | "clause" | "symbols":
            counts = count_symbols(unit, pieces, normalizer)
            vocabulary = chosen_vocabulary(
                unit, symbols.unknown, counts, symbols.min_count, symbols.max_vocabulary
            )
            if not vocabulary.symbols:
                raise CorpusError(
                    f"no {unit} occurs {symbols.min_count} times in the text: "
                    "give more text or lower --text.min-count"
                )
            return SymbolTokenizer(unit, vocabulary, symbols.unknown, normalizer)


def chosen_vocabulary(
    unit: str, unknown: str, counts: Mapping[str, int], min_count: int, most: int = 0
) -> Vocabulary:
    """What of the units that were counted become symbols; where others are spelled, every character too."""
    spells = unknown == "spell" and unit in ("word", "jieba", "clause")
    choose = Vocabulary.with_spelling if spells else Vocabulary.from_counts
    return choose(counts, min_count, most)


def _warn_of_unfit(tokenizer: SymbolTokenizer) -> None:
    """A unit made for texts of another kind is allowed, and said."""
    found = tokenizer.vocabulary.symbols
    if tokenizer.unit == "jieba" and not any(is_chinese(symbol[0]) for symbol in found):
        warnings.warn("text.unit = jieba, but the text has no Chinese: word does the same", stacklevel=3)
    if tokenizer.unit == "clause" and not any(map(is_clause_mark, found)):
        warnings.warn(
            "text.unit = clause, but the text has no punctuation: every line is one symbol", stacklevel=3
        )
