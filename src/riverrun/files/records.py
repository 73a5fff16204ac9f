"""JSON objects read as dataclasses: every field is there and of the type that the class says."""

import math
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from riverrun.files.bounds import hold

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")
Kind = TypeVar("Kind")

_LARGEST = (1 << 63) - 1


def read(kind: type[Record], document: Any) -> Record:
    """A record; names that its class does not have are passed over.

    Raises:
        ValueError: a field is missing, of another type or out of bounds; a number is not finite, or of more than 64
            bits.
    """
    if not isinstance(document, dict):
        raise ValueError("it is not an object")
    hints, values = _hints(kind), {}
    for field in fields(kind):
        if field.name in document:
            values[field.name] = _read(document[field.name], hints[field.name], field.name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{field.name} is missing")
    return kind(**values)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _read(value: Any, hint: Any, name: str) -> Any:
    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        return _within(_read(value, inner, name), bounds, name)
    if get_origin(hint) in (Union, UnionType):
        if value is None and NoneType in get_args(hint):
            return None
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value)
    if get_origin(hint) is dict:
        _, inner = get_args(hint)
        parts = value_of(value, dict, name)
        return {key: _read(each, inner, f"{name}.{key:.40}") for key, each in parts.items()}
    if get_origin(hint) is list:
        (inner,) = get_args(hint)
        return [_read(each, inner, name) for each in value_of(value, list, name)]
    return value_of(value, hint, name)


def _within(value: Any, bounds: list[Any], name: str) -> Any:
    try:
        for bound in bounds:
            hold(value, bound)
    except ValueError as error:
        raise ValueError(f"{name} = {value}: {error}") from None
    return value


def value_of(value: Any, kind: type[Kind], name: str) -> Kind:
    """The value, of exactly that type; raises ValueError naming it."""
    if kind is float and type(value) is int and abs(value) <= 1 << 53:
        value = float(value)
    if type(value) is not kind or not _in_range(value):
        raise ValueError(f"{name} is not {_WORDS[kind]}")
    return value


def _in_range(value: Any) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case int():
            return -_LARGEST <= value <= _LARGEST
        case _:
            return True


_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}
