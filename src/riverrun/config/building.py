"""From flags and files to checked settings."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from riverrun.config.conditions import CONDITIONS
from riverrun.config.settings import Section, Settings
from riverrun.errors import SettingsError


def known_keys() -> dict[str, str]:
    """Every dotted setting with its description and default, in the order of the page."""
    return {name: f"{_where(name)}{field.description} [{_shown(field.default)}]" for name, field in _fields()}


def _where(name: str) -> str:
    """``pairs: `` or ``text: `` for what matters among them alone."""
    kinds = {c.values[0] for c in CONDITIONS if c.decider == "kind" and name in c.settings}
    return "".join(f"{kind}: " for kind in kinds)


def switches() -> set[str]:
    """The settings that are true or false."""
    return {name for name, field in _fields() if field.annotation in (bool, bool | None)}


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every dotted setting, in the order of the page."""
    for section, section_field in Settings.model_fields.items():
        for key, field in _section_class(section_field.annotation).model_fields.items():
            yield f"{section}.{key}", field


def _shown(default: Any) -> str:
    if default is None:
        return "auto"
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def build_settings(*layers: Mapping[str, Any]) -> Settings:
    """Merge dotted settings (later layers win) and check them.

    Args:
        layers: mappings such as ``{"model.hidden": 256}``; the value ``"auto"`` means auto.

    Raises:
        SettingsError: one message naming every unknown or out-of-range setting.
    """
    merged = {key.replace("-", "_"): value for layer in layers for key, value in layer.items()}
    known = known_keys()
    faults = [_unknown(key, known) for key in merged if key not in known]
    settings = Settings()
    nested: dict[str, dict[str, Any]] = {}
    for key, value in merged.items():
        if key in known:
            section, name = key.split(".", 1)
            by_name = getattr(getattr(settings, section), name) == "auto"  # auto is a value of its own
            nested.setdefault(section, {})[name] = None if value == "auto" and not by_name else value
    try:
        settings = Settings.model_validate(nested)
    except ValidationError as error:
        faults += _faults(error)
    given = [name for name, value in settings.budget if value is not None]
    if len(given) > 1:
        faults.append(f"{' and '.join('--' + name for name in given)}: give only one budget")
    faults += _contradictions(settings)
    if faults:
        raise SettingsError("; ".join(faults))
    return settings


def _contradictions(settings: Settings) -> list[str]:
    """Settings that are each allowed but not together."""
    data, faults = settings.data, []
    if settings.model.tied and settings.model.input != "embedding":
        faults.append("model.tied needs model.input = embedding")
    if data.validation == "none" and (
        settings.training.early_stopping or settings.training.schedule == "plateau"
    ):
        faults.append(
            "data.validation = none leaves nothing to measure by, which training.early_stopping and "
            "training.schedule = plateau need: hold something out, or leave them out"
        )
    if settings.training.loss == "last" and data.reading == "lanes":
        faults.append("training.loss = last needs data.reading = windows")
    if data.shortest > data.window:
        faults.append(f"data.shortest = {data.shortest} is more than data.window = {data.window}")
    if data.state == "carried" and (data.order, data.stride, data.shortest) != ("as-written", data.window, 0):
        faults.append(
            "data.state = carried needs data.order = as-written, data.stride = data.window and windows of one length"
        )
    return faults


def read_toml(path: Path) -> dict[str, Any]:
    """Read a settings file into dotted keys.

    Raises:
        SettingsError: the file is missing, is not TOML, or holds a key outside a section.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path}: {error.strerror}") from error
    except ValueError as error:  # also a name that no file can have
        raise SettingsError(f"settings file {path}: {error}") from error
    return flatten(document)


def flatten(document: Mapping[str, Any]) -> dict[str, Any]:
    """Turn ``{"model": {"hidden": 1}}`` into ``{"model.hidden": 1}``; a stray top-level key keeps its name."""
    dotted: dict[str, Any] = {}
    for section, values in document.items():
        if isinstance(values, Mapping):
            dotted |= {f"{section}.{key}": value for key, value in values.items()}
        else:
            dotted[section] = values
    return dotted


def closest_name(word: str, known: list[str] | tuple[str, ...]) -> str:
    """``; did you mean X?`` for a close word, else an empty string."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _section_class(annotation: Any) -> type[Section]:
    assert isinstance(annotation, type)
    assert issubclass(annotation, Section)
    return annotation


def _unknown(key: str, known: Mapping[str, str]) -> str:
    names = list(known)
    hint = closest_name(key, names)
    if not hint:  # the section may be wrong or missing: compare the last part alone
        tails = {name.split(".", 1)[1]: name for name in names}
        close = difflib.get_close_matches(key.split(".")[-1], list(tails), n=1)
        hint = f"; did you mean {tails[close[0]]}?" if close else ""
    return f"unknown setting {key}{hint}"


def _faults(error: ValidationError) -> list[str]:
    """One fault a setting (a union reports one for each of its members)."""
    messages: dict[str, str] = {}
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"][:2])
        given = item["input"]
        messages.setdefault(key, f"{key} = {given!r}: {item['msg'][0].lower() + item['msg'][1:]}")
    return list(messages.values())
