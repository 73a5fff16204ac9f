"""A run that starts from a model: what it takes over, what it may choose anew, where it comes from."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Bundle, Weights
from riverrun.bundle.manifest import Facts
from riverrun.config.arrays import Arrays
from riverrun.config.resolved import LanguageShape, TranslatorShape
from riverrun.config.settings import ModelSettings, Settings
from riverrun.errors import SettingsError
from riverrun.text.vocabulary import SPECIAL

_FREE = ("dropout",)  # of a shape; it depends on how often the text will be read


def of_base(settings: Settings, base: Bundle) -> Settings:
    """The settings with the base's shape; raises SettingsError where others are asked for than the base has."""
    shape = _shape(base.settings.model)
    others = {
        f"model.{name}": (value, shape[name])
        for name, value in settings.model.model_dump(exclude_unset=True).items()
        if name in shape and value is not None and value != shape[name]
    } | {
        f"text.{name}": (value, getattr(base.settings.text, name))
        for name, value in settings.text.model_dump(exclude_unset=True).items()
        if value is not None and value != getattr(base.settings.text, name, value)
    }
    if others:
        said = ", ".join(f"{name} = {has!r}, not {asked!r}" for name, (asked, has) in others.items())
        raise SettingsError(f"{base.path}, which the run starts from, has {said}: leave that out, or --from")
    return settings.model_copy(update={"model": settings.model.model_copy(update=shape)})


def _shape(shape: LanguageShape | TranslatorShape) -> dict[str, Any]:
    """What a shape settles of the settings that users write."""
    names = [each.name for each in fields(shape) if each.name in ModelSettings.model_fields]
    settled = {name: getattr(shape, name) for name in names if name not in _FREE}
    if isinstance(shape, LanguageShape) and shape.input != "embedding":
        del settled["embedding"]  # follows from the symbols
    return settled


def lineage(base: Bundle) -> tuple[Facts, ...]:
    """Of a model that starts from the base: the base's own ancestors, oldest first, then the base."""
    corpus = base.facts.get("corpus", {})
    told = {
        "name": base.path.resolve().name,
        "weights_sha256": base.facts.get("weights_sha256"),
        "corpus": corpus.get("name"),
        "corpus_sha256": corpus.get("sha256"),
        "characters": corpus.get("characters"),
    }
    parent = {name: value for name, value in told.items() if value is not None}
    return (*base.facts.get("lineage", ()), parent)


def lineage_facts(ancestors: Sequence[Facts]) -> Facts:
    """What a manifest says of them."""
    return {"lineage": list(ancestors)} if ancestors else {}


def grown_weights(weights: Weights, before: Arrays, after: Arrays, known: int, symbols: int) -> Weights:
    """A model's arrays with rows for further symbols, which start as the mean of the others.

    Args:
        weights: the arrays.
        before, after: their shapes with ``known`` symbols, and with ``symbols``.
    """
    if known == symbols:
        return weights
    return {
        name: _grown(np.asarray(weights[name]), wanted, known, symbols)
        for name, wanted in after.shapes.items()
        if name in before.shapes
    }


def _grown(array: NDArray[Any], wanted: tuple[int, ...], known: int, symbols: int) -> NDArray[Any]:
    """An axis that grows consists of blocks of one place for each symbol, and of what has nothing to do with them."""
    for axis, extent in enumerate(wanted):
        if extent == array.shape[axis]:
            continue
        blocks = (extent - array.shape[axis]) // (symbols - known)
        parts: list[NDArray[Any]] = []
        for block in range(blocks):
            part = np.take(array, range(block * known, (block + 1) * known), axis)
            others = np.take(part, range(SPECIAL, known), axis).mean(axis, keepdims=True)
            parts += [part, np.repeat(others, symbols - known, axis)]
        parts.append(np.take(array, range(blocks * known, array.shape[axis]), axis))
        array = np.concatenate(parts, axis)
    return array
