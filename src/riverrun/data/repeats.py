"""Whole lines of one text that stand in another too: leaks between parts of a text, copies in what a model writes."""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from riverrun.data.formats.tables import lines

_KEPT = 1 << 17  # different lines in memory; of more, a sample of that many
_SHORT = 100  # characters of a line that is kept as it is; of a longer one, a hash


@dataclass(frozen=True)
class Repeats:
    """Lines of a text, blank ones not counted; of a text of very many lines, those of a sample.

    Attributes:
        lines, characters: of the text.
        repeated_lines, repeated_characters: of the lines that the other text has too.
    """

    lines: int
    characters: int
    repeated_lines: int
    repeated_characters: int

    @property
    def share(self) -> float:
        """Of the lines."""
        return self.repeated_lines / max(1, self.lines)

    @property
    def share_of_characters(self) -> float:
        return self.repeated_characters / max(1, self.characters)


def repeats(text: Iterable[str], other: Iterable[str]) -> Repeats:
    """Which lines of a text stand in another, both given in pieces; blanks around a line do not matter."""
    counts: dict[str | bytes, tuple[int, int]] = {}  # how often a line stands in the text, and its length
    most = 1 << 32
    for line in lines(text):
        if (line := line.strip()) and (most == 1 << 32 or _place(line) < most):
            key = _key(line)
            counts[key] = counts.get(key, (0, 0))[0] + 1, len(line)
            while len(counts) > _KEPT:  # half of them, whichever text they come from
                most //= 2
                counts = {key: count for key, count in counts.items() if _place(key) < most}
    found = {key for line in lines(other) if (key := _key(line.strip())) in counts}
    return Repeats(
        sum(times for times, _ in counts.values()),
        sum(times * length for times, length in counts.values()),
        sum(counts[key][0] for key in found),
        sum(counts[key][0] * counts[key][1] for key in found),
    )


def _key(line: str) -> str | bytes:
    if len(line) <= _SHORT:
        return line
    return hashlib.blake2b(line.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _place(line: str | bytes) -> int:
    """A number below 2**32 that looks random."""
    key = _key(line) if isinstance(line, str) else line
    return zlib.crc32(key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key)
