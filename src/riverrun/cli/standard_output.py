"""Standard output: JSON; and a terminal, where what a model wrote or a text holds is shown, and not obeyed."""

import io
import json
import math
import re
from typing import Any

# All control characters but tabs and line ends. Joiners and marks of direction are text.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Terminal(io.TextIOWrapper):
    """Writes UTF-8, with escapes such as ``\\x1b`` in place of control characters."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        """Takes the place of ``stream``."""
        super().__init__(stream.buffer, "utf-8", "surrogateescape", line_buffering=stream.line_buffering)

    def write(self, text: str, /) -> int:
        return super().write(_OBEYED.sub(_escape, text))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def print_json(document: Any) -> None:
    """Print a document as one line of JSON; a number that is not finite becomes null, as JSON has no word for it."""
    print(json.dumps(_finite(document), ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
