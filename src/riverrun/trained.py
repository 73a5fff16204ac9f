"""What trained models of every kind share: settings shown, precisions checked, unseen symbols named."""

import tomllib
import warnings
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from riverrun.config.resolved import LanguageSettings, TranslatorSettings
from riverrun.config.written import to_toml
from riverrun.errors import InputError
from riverrun.text import Tokenizer
from riverrun.text.symbols import never_seen


def by_section(settings: LanguageSettings | TranslatorSettings) -> dict[str, dict[str, Any]]:
    """Resolved settings as they stand in ``config.toml``, for people to read."""
    return tomllib.loads(to_toml(settings))


def check_precision(precision: str, allowed: Collection[str]) -> None:
    """Raises InputError for a precision in which a model of this kind does not compute."""
    if precision not in allowed:
        raise InputError(f"precision = {precision!r}: give one of {', '.join(allowed)}")


def warn_of_unseen(tokenizer: Tokenizer, texts: Iterable[str], policy: str, stacklevel: int) -> None:
    """Name the symbols of texts that a model has never seen, in one warning.

    Args:
        tokenizer: of the texts.
        texts: what was given; where nothing but blanks is, nothing is read.
        policy: what is done with them, ``text.unknown``; under ``refuse`` encoding names them.
        stacklevel: of the warning, counted from the caller.
    """
    if policy == "refuse":
        return
    unseen: Counter[str] = Counter()
    for text in texts:
        if text.strip():
            unseen.update(tokenizer.unseen(text))
    if unseen:
        warnings.warn(never_seen(unseen, policy == "skip"), stacklevel=stacklevel + 1)
