"""What is given as text, checked to be some."""

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
