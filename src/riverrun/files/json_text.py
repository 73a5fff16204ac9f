"""JSON that a stranger may have written: read up to a bound, and every fault is a ValueError of one line."""

import json
import re
from typing import Any, TypeVar

from riverrun.files.records import value_of

Kind = TypeVar("Kind")

_MOST_CONTAINERS = 1 << 21  # lists and objects: each takes some twenty times the two bytes it is written with
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str) -> Any:
    """A document.

    Raises:
        ValueError: it is not JSON, is nested too deeply or of too many parts, or holds half characters.
    """
    if text.count("[") + text.count("{") > _MOST_CONTAINERS:
        raise ValueError("it has too many parts")
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _SURROGATE.search(text):
        try:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
        except (UnicodeEncodeError, RecursionError):
            raise ValueError("it holds text that is not Unicode") from None
    return document


def field(document: Any, name: str, kind: type[Kind]) -> Kind:
    """A field of an object, of exactly that type; raises ValueError, as :func:`riverrun.files.records.read` does."""
    if not isinstance(document, dict):
        raise ValueError("it is not an object")
    if name not in document:
        raise ValueError(f"{name} is missing")
    return value_of(document[name], kind, name)


def texts(values: Any, name: str) -> tuple[str, ...]:
    """Elements of a list of texts; raises ValueError."""
    if not isinstance(values, list) or not set(map(type, values)) <= {str}:
        raise ValueError(f"{name} is not a list of texts")
    return tuple(values)
