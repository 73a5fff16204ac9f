"""What is given as text, checked to be some."""

from collections.abc import Iterable
from typing import Any

from riverrun.errors import InputError


def check_text(given: Any) -> None:
    """Raises InputError for what is no str, or has half a character in it."""
    if not isinstance(given, str):
        raise InputError(f"{given!r:.40} is not text: give a str")
    try:
        given.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"what was given is not text: {error.reason} at character {error.start}") from None


def stop_texts(stop: Any) -> list[str]:
    """Stop strings as a list; raises InputError where there is one that is none."""
    stops = [stop] if isinstance(stop, str) else list(stop) if isinstance(stop, Iterable) else [stop]
    if wrong := [each for each in stops if not isinstance(each, str)]:
        raise InputError(f"stop = {wrong[0]!r:.40}: give a text or several")
    return stops
