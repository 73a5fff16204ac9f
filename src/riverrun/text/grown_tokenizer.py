"""A tokenizer that goes on to another text: what it knows keeps its ids, what is new gets ids behind them."""

from collections.abc import Iterable

from riverrun.config.resolved import SideSymbols, Symbols
from riverrun.errors import CorpusError
from riverrun.text.symbols import SymbolTokenizer, count_symbols
from riverrun.text.tokenizer import Tokenizer, rebuffer
from riverrun.text.tokenizer_training import chosen_vocabulary
from riverrun.text.vocabulary import SPECIAL, Vocabulary


def grown(tokenizer: Tokenizer, symbols: Symbols | SideSymbols, chunks: Iterable[str]) -> Tokenizer:
    """The tokenizer with the symbols that a text has and it lacks, chosen as if it were built from that text.

    Bytes and subwords lack nothing and stay as they are.

    Args:
        tokenizer: of the model that is gone on from.
        symbols: how it was built; a bound on the vocabulary bounds both together.
        chunks: consecutive pieces of the text, cut anywhere.

    Raises:
        CorpusError: it knows no symbol of the text.
    """
    if not isinstance(tokenizer, SymbolTokenizer):
        return tokenizer
    pieces = rebuffer(chunks, tokenizer.unit, tokenizer.normalizer)
    counts = count_symbols(tokenizer.unit, pieces, tokenizer.normalizer)
    known = tokenizer.vocabulary.ids
    wanted = chosen_vocabulary(tokenizer.unit, tokenizer.unknown, counts, symbols.min_count).symbols
    if known.keys().isdisjoint(counts) and known.keys().isdisjoint(wanted):
        raise CorpusError(f"no {tokenizer.unit} of the text is among the {len(known)} that the model knows")
    new = [symbol for symbol in wanted if symbol not in known]
    if symbols.max_vocabulary:
        new = new[: max(0, symbols.max_vocabulary - SPECIAL - len(known))]
    vocabulary = Vocabulary(tokenizer.vocabulary.symbols + tuple(new))
    return SymbolTokenizer(tokenizer.unit, vocabulary, tokenizer.unknown, tokenizer.normalizer)
