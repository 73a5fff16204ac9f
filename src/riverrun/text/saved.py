"""``tokenizer.json`` read: every part of it is checked, since a stranger may have written it."""

from collections.abc import Callable
from typing import Any, get_args

from riverrun.config.ranges import NormalForm, UnknownPolicy
from riverrun.errors import ModelError
from riverrun.files import json_text
from riverrun.text.bpe import BpeTokenizer
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
from riverrun.text.symbols import SymbolTokenizer
from riverrun.text.tokenizer import Tokenizer
from riverrun.text.vocabulary import LONGEST_SYMBOL, Vocabulary


def load_tokenizer(text: str) -> Tokenizer:
    """The inverse of ``json.dumps(tokenizer.to_dict())``; raises ModelError."""
    return _checked(text, _tokenizer)


def sides_from_json(text: str) -> tuple[Tokenizer, Tokenizer]:
    """The two tokenizers of pairs, as ``sides_to_json`` writes them; raises ModelError."""
    return _checked(text, lambda document: (_side(document, "source"), _side(document, "target")))


def _checked(text: str, read: Callable[[Any], Any]) -> Any:
    try:
        return read(json_text.parse(text))
    except ValueError as error:
        raise ModelError(f"tokenizer.json cannot be read: {error}") from error


def _side(document: Any, name: str) -> Tokenizer:
    return _tokenizer(json_text.field(document, name, dict))


def _tokenizer(document: Any) -> Tokenizer:
    unit, normalizer = json_text.field(document, "unit", str), _normalizer(document)
    match unit:
        case "byte":
            return ByteTokenizer(normalizer)
        case "bpe":
            model = json_text.field(json_text.field(document, "model", dict), "model", dict)
            vocabulary, merges = json_text.field(model, "vocab", dict), json_text.field(model, "merges", list)
            return BpeTokenizer.rebuilt(vocabulary, merges, normalizer)
        case "char" | "word" | "jieba" | "clause" | "symbols":
            return SymbolTokenizer(unit, _vocabulary(document, unit), _policy(document), normalizer)
        case _:
            raise ValueError(f"unit {unit!r:.40} is not known to this version of riverrun")


def _normalizer(document: Any) -> Normalizer:
    fields = json_text.field(document, "normalizer", dict)
    form = json_text.field(fields, "form", str)
    if form not in get_args(NormalForm):
        raise ValueError(f"normal form {form!r:.40} is none of {', '.join(get_args(NormalForm))}")
    return Normalizer(json_text.field(fields, "lower", bool), form)


def _policy(document: Any) -> str:
    policy = json_text.field(document, "unknown", str)
    if policy not in get_args(UnknownPolicy):
        raise ValueError(f"policy {policy!r:.40} is none of {', '.join(get_args(UnknownPolicy))}")
    return policy


def _vocabulary(document: Any, unit: str) -> Vocabulary:
    symbols = json_text.texts(json_text.field(document, "symbols", list), "symbols")
    longest = 1 if unit == "char" else LONGEST_SYMBOL
    if not symbols:
        raise ValueError("there are no symbols")
    lengths = set(map(len, symbols))
    if min(lengths) < 1 or max(lengths) > longest:
        raise ValueError(f"a symbol is empty or has more than {longest} characters")
    if len(set(symbols)) < len(symbols):
        raise ValueError("a symbol is there twice")
    return Vocabulary(symbols)
