"""The two tokenizers of a corpus of pairs, one for each side."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from riverrun.config.ranges import NormalForm, SideUnit
from riverrun.config.resolved import SideSymbols
from riverrun.text.learning import learn
from riverrun.text.normalization import Normalizer
from riverrun.text.tokenizer import Tokenizer

if TYPE_CHECKING:  # settings need pydantic, which loading a tokenizer does not
    from riverrun.config.settings import TextSettings

BPE_SYMBOLS = 4096  # of a side by subwords, where no bound is given
LOOKED_AT = 5000  # texts read to choose a unit or a normal form


def train_side(unit: SideUnit, texts: Iterable[str], form: NormalForm, text: SideSymbols) -> Tokenizer:
    """Build the tokenizer of one side, whose texts are brought into a normal form first.

    Raises:
        CorpusError: no symbol is left.
    """
    if unit == "bpe" and not text.max_vocabulary:
        text = replace(text, max_vocabulary=BPE_SYMBOLS)
    return learn(unit, texts, Normalizer(text.lower, form), text)


def resolve_sides(settings: "TextSettings", units: tuple[SideUnit, SideUnit]) -> SideSymbols:
    """What was left open: all units of the training pairs are symbols, and others unknown."""
    most = settings.max_vocabulary or (BPE_SYMBOLS if set(units) == {"bpe"} else 0)
    return SideSymbols(
        settings.lower, settings.normalize, settings.min_count or 1, settings.unknown or "unknown", most
    )


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


def choose_normal_form(texts: Iterable[str]) -> NormalForm:
    """``NFD`` where it makes the set of characters at most half as large, as for Hangul; else ``none``."""
    seen, parts = set(), set()
    decompose = Normalizer(form="NFD")
    for text in islice(texts, LOOKED_AT):
        seen.update(text)
        parts.update(decompose(text))
    return "NFD" if 2 * len(parts) <= len(seen) else "none"


def sides_to_json(source: Tokenizer, target: Tokenizer) -> str:
    """Both tokenizers as one ``tokenizer.json``."""
    return json.dumps({"source": source.to_dict(), "target": target.to_dict()}, ensure_ascii=False)
