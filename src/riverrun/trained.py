"""What trained models of every kind share: settings and weights read, unseen symbols named, copies saved."""

import shutil
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar

from riverrun.bundle import Bundle, Weights
from riverrun.config.written import to_toml
from riverrun.errors import InputError, ModelError, OutputError, SettingsError
from riverrun.text import Tokenizer
from riverrun.text.symbols import describe

Settings = TypeVar("Settings")

_CHECKPOINTS = "checkpoints"


def settings_of(loaded: Bundle, read: Callable[[str], Settings]) -> Settings:
    """Resolved settings of a model; raises ModelError naming the file where they cannot be read."""
    try:
        return read(loaded.config)
    except SettingsError as error:
        raise ModelError(f"{loaded.path / 'config.toml'}: {error}") from error


def by_section(settings: Any) -> dict[str, dict[str, Any]]:
    """Resolved settings as they stand in ``config.toml``, for people to read."""
    return settings if isinstance(settings, dict) else tomllib.loads(to_toml(settings))


def check_precision(precision: str, allowed: Collection[str]) -> None:
    """Raises InputError for a precision in which a model of this kind does not compute."""
    if precision not in allowed:
        raise InputError(f"precision = {precision!r}: give one of {', '.join(allowed)}")


def count_weights(weights: Weights, counted: Callable[[str], bool]) -> int:
    """Number of trained weights in the arrays whose names are ``counted``: tied ones stand under two names."""
    return sum(array.size for name, array in weights.items() if counted(name))


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
        action = "left out" if policy == "skip" else "read as <unknown>"
        message = f"never seen in training and {action}: {describe(unseen)}"
        warnings.warn(message, stacklevel=stacklevel + 1)


def save_copy(source: Path, path: str | Path) -> None:
    """Copy a model directory without its checkpoints.

    Raises:
        OutputError: something else is there, or it cannot be written.
    """
    target = Path(path)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise OutputError(f"{target} exists already; choose another name")
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_CHECKPOINTS))
    except (OSError, shutil.Error) as error:
        raise OutputError(f"{target} cannot be written: {error}") from error
