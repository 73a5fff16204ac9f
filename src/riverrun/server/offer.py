"""What is served: models by name, with everything else that one process needs to know."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from riverrun.api import load
from riverrun.errors import InputError
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.limits import Limits
from riverrun.translator import TrainedTranslator

Model = TrainedLanguageModel | TrainedTranslator

_LONGEST_NAME = 256


@dataclass(frozen=True)
class Offer:
    """Models, bounds, and who may use them.

    Attributes:
        listener: the socket that all processes answer at.
        loopback: it is reached from this machine only.
        keys: one of them is asked for, if there are any.
        origins: pages of these may ask.
    """

    models: Mapping[str, Model]
    limits: Limits
    listener: socket.socket
    loopback: bool
    keys: Sequence[bytes] = ()
    origins: Sequence[str] = ()


def read_models(given: Sequence[str]) -> dict[str, Model]:
    """Models by the names that they are served under: ``NAME=DIR``, or a directory's own name.

    Raises:
        ModelError: a directory is missing or damaged.
        InputError: two have one name, or a name cannot be one.
    """
    models: dict[str, Model] = {}
    for item in given:
        name, equals, path = item.partition("=")
        if not equals or Path(item).exists():
            name, path = Path(item).resolve().name, item
        if name in models:
            raise InputError(
                f"two models are named {name}: give one of them another, such as {name}-2={path}"
            )
        if not (name.isprintable() and 0 < len(name) <= _LONGEST_NAME):
            raise InputError(f"{name!r} is no name for a model: give NAME={path}")
        models[name] = load(path)
    return models
