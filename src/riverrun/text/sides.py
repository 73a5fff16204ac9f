"""The two tokenizers of a corpus of pairs, one for each side."""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from riverrun.config.ranges import NormalForm, SideUnit
from riverrun.config.resolved import SideSymbols
from riverrun.text.normalization import Normalizer
from riverrun.text.tokenizer import Tokenizer
from riverrun.text.tokenizer_training import learn_tokenizer

LOOKED_AT = 5000  # texts read to choose a unit or a normal form


def train_side(unit: SideUnit, texts: Iterable[str], form: NormalForm, text: SideSymbols) -> Tokenizer:
    """Build the tokenizer of one side, whose texts are brought into a normal form first.

    Raises:
        CorpusError: no symbol is left.
    """
    if unit == "bpe":
        text = replace(text, max_vocabulary=text.subwords)
    return learn_tokenizer(unit, texts, Normalizer(text.lower, form), text)


def choose_unit(texts: Iterable[str]) -> SideUnit:
    """``symbols`` where most texts are short pieces with spaces between them, as phones are; else ``char``."""
    seen = several = pieces = short = single = 0
    for text in islice(texts, LOOKED_AT):
        parts = text.split()
        seen += 1
        if len(parts) > 1:
            several += 1
            pieces += len(parts)
            short += sum(len(part) <= 4 for part in parts)
            single += sum(len(part) == 1 for part in parts)
    return "symbols" if 2 * several > seen and short == pieces and 2 * single > pieces else "char"


def choose_tagged_unit(texts: Iterable[str]) -> SideUnit:
    """The same where each symbol has a tag: ``symbols`` where there are spaces between them; else ``char``."""
    return "symbols" if any(len(text.split()) > 1 for text in islice(texts, LOOKED_AT)) else "char"


def written_form(texts: Iterable[str]) -> NormalForm:
    """The normal form that texts are in already: so what is given later in another one is read alike.

    ``none`` where they are in several.
    """
    composed = decomposed = True
    for text in islice(texts, LOOKED_AT):
        composed = composed and unicodedata.is_normalized("NFC", text)
        decomposed = decomposed and unicodedata.is_normalized("NFD", text)
    return "NFC" if composed else "NFD" if decomposed else "none"


def compact_form(texts: Iterable[str], otherwise: NormalForm) -> NormalForm:
    """``NFD`` where it makes the set of characters at most half as large, as for Hangul."""
    seen, parts = set(), set()
    decompose = Normalizer(form="NFD")
    for text in islice(texts, LOOKED_AT):
        seen.update(text)
        parts.update(decompose(text))
    return "NFD" if 2 * len(parts) <= len(seen) else otherwise


def sides_to_json(source: Tokenizer, target: Tokenizer) -> str:
    """Both tokenizers as one ``tokenizer.json``."""
    return json.dumps({"source": source.to_dict(), "target": target.to_dict()}, ensure_ascii=False)
