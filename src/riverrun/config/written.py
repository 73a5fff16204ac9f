"""``config.toml``: resolved settings written and read. What is read is checked as what users write; no pydantic."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MaxLen

from riverrun.config.resolved import Budget, LanguageSettings, TranslatorSettings
from riverrun.errors import SettingsError

Settings = TypeVar("Settings", LanguageSettings, TranslatorSettings)
_SECTION = {"loss": "training"}  # records that share a section with another


def to_toml(settings: LanguageSettings | TranslatorSettings) -> str:
    """Resolved settings as TOML, one section a part; what means that there is nothing of the kind is left out."""
    sections: dict[str, list[str]] = {}
    for part in fields(settings):
        record = getattr(settings, part.name)
        values = {record.kind: record.amount} if isinstance(record, Budget) else _chosen(record)
        lines = sections.setdefault(_SECTION.get(part.name, part.name), [])
        lines += [f"{key} = {_toml_value(value)}" for key, value in values.items()]
    return "\n".join(
        f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in sections.items()
    )


def read_language_settings(text: str) -> LanguageSettings:
    """The inverse of :func:`to_toml` for a language model.

    Keys that this version does not know are passed over: what an older one wrote among them changed nothing.

    Raises:
        SettingsError: the text is not TOML, or a setting is missing, of another type or out of range.
    """
    return _read(LanguageSettings, text)


def read_translator_settings(text: str) -> TranslatorSettings:
    """The same for a translator or tagger."""
    return _read(TranslatorSettings, text)


def _chosen(record: Any) -> dict[str, Any]:
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    nothing = {each.name for each in fields(record) if each.default in (0, "auto")}
    return {name: value for name, value in values.items() if name not in nothing or value not in (0, "auto")}


def _read(kind: type[Settings], text: str) -> Settings:
    try:
        return _settings(kind, tomllib.loads(text))
    except RecursionError:
        raise SettingsError("not TOML of ours: nested too deeply") from None
    except ValueError as error:  # TOML's own, or a number of thousands of digits
        raise SettingsError(f"not TOML: {error}") from error


def _settings(kind: type[Settings], document: Mapping[str, Any]) -> Settings:
    parts: dict[str, Any] = {}
    for name, record in get_type_hints(kind).items():
        section = document.get(_SECTION.get(name, name), {})
        if not isinstance(section, Mapping):
            raise SettingsError(f"[{name}] is not a section")
        parts[name] = _budget(section) if record is Budget else _record(record, name, section)
    return kind(**parts)


def _record(kind: type, name: str, section: Mapping[str, Any]) -> Any:
    hints, values, faults = get_type_hints(kind, include_extras=True), {}, []
    needed = {each.name for each in fields(kind) if not hasattr(kind, each.name)}
    for key, hint in hints.items():
        if key in section:
            try:
                values[key] = _checked(section[key], hint)
            except ValueError as error:
                faults.append(f"{name}.{key} = {section[key]!r:.80}: {error}")
        elif key in needed:
            faults.append(f"{name}.{key} is missing")
    if faults:
        raise SettingsError("; ".join(faults))
    return kind(**values)


def _budget(section: Mapping[str, Any]) -> Budget:
    amounts = get_type_hints(Budget)
    for kind in get_args(amounts["kind"]):
        amount = section.get(kind)
        if isinstance(amount, int | float) and not isinstance(amount, bool) and 0 < amount < 1 << 53:
            return Budget(kind, amount)
    raise SettingsError("budget: give minutes, epochs or steps, above 0")


def _checked(value: Any, hint: Any) -> Any:
    """A value of the type and in the range of a hint; raises ValueError saying what is allowed."""
    match get_origin(hint):
        case None:
            return _of_type(value, hint)
        case _ if get_origin(hint) is Literal:
            if value not in get_args(hint) or isinstance(value, bool):
                raise ValueError(f"give one of {', '.join(map(str, get_args(hint)))}")
            return value
        case _ if get_origin(hint) in (Union, UnionType):
            return _one_of(value, get_args(hint))
        case _ if get_origin(hint) is tuple:
            if not isinstance(value, list | tuple):
                raise ValueError("give a list")
            return tuple(_checked(each, get_args(hint)[0]) for each in value)
        case _ if get_origin(hint) is Annotated:
            inner, *bounds = get_args(hint)
            value = _checked(value, inner)
            for bound in bounds:
                _hold(value, bound)
            return value
        case other:
            raise AssertionError(other)


def _one_of(value: Any, hints: tuple[Any, ...]) -> Any:
    reasons = []
    for hint in hints:
        try:
            return _checked(value, hint)
        except ValueError as error:
            reasons.append(str(error))
    raise ValueError(", or ".join(reasons))


def _of_type(value: Any, kind: type) -> Any:
    if kind is float and type(value) is int and abs(value) < 2**53:
        value = float(value)
    if type(value) is float and not math.isfinite(value):
        raise ValueError("give a finite number")
    if type(value) is not kind:
        raise ValueError(f"give {'text' if kind is str else f'a value of type {kind.__name__}'}")
    return value


def _hold(value: Any, bound: Any) -> None:
    """Raise ValueError where a value is out of bounds (as is a number that is not one)."""
    match bound:
        case Ge(ge):
            holds, allowed = value >= ge, f"{ge} or more"
        case Gt(gt):
            holds, allowed = value > gt, f"more than {gt}"
        case Le(le):
            holds, allowed = value <= le, f"{le} or less"
        case Lt(lt):
            holds, allowed = value < lt, f"less than {lt}"
        case MaxLen(most):
            holds, allowed = len(value) <= most, f"at most {most} of them"
        case other:
            raise AssertionError(other)
    if not holds:
        raise ValueError(f"give {allowed}")


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML wants this one escaped too
