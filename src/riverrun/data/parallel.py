"""Two text files that hold the two sides of pairs, line by line."""

import re
from collections.abc import Iterator
from pathlib import Path

from riverrun.data.corpus import Corpus
from riverrun.data.pair_rows import SIDES
from riverrun.errors import CorpusError

MANY = 20  # lines from which it is no accident that two texts have equally many
_CODES = {
    "eng",
    "fra",
    "fre",
    "deu",
    "ger",
    "spa",
    "ita",
    "por",
    "nld",
    "dut",
    "rus",
    "cmn",
    "zho",
    "jpn",
    "kor",
}


def are_parallel(first: Path, second: Path) -> bool:
    """Whether two text files are the sides of pairs: their names differ by a language or a side alone.

    Raises:
        CorpusError: the names say so and the numbers of lines do not, or the reverse; it must be said.
    """
    named, counts = _named_as_sides(first.name, second.name), [_count(path) for path in (first, second)]
    either = "say which by --task translation or --task language"
    if named and counts[0] != counts[1]:
        raise CorpusError(
            f"{first} and {second} are named as the two sides of pairs, but have {counts[0]:,} and {counts[1]:,} "
            f"lines: mend them, or {either}"
        )
    if not named and counts[0] == counts[1] >= MANY:
        raise CorpusError(
            f"{first} and {second} have {counts[0]:,} lines each: they may be the two sides of pairs or two texts; "
            f"{either}"
        )
    return named


def lines_of(path: Path) -> Iterator[str]:
    """Lines of a file without their ends; only newlines end a line."""
    held = ""
    for text in Corpus(str(path), (path,), 1 << 62, 0, "").texts():
        *whole, held = (held + text).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
    if held:
        yield held.removesuffix("\r")


def _count(path: Path) -> int:
    return sum(1 for _ in lines_of(path))


def _named_as_sides(first: str, second: str) -> bool:
    """Whether two names are made of the same parts but for one, which is a word for a side or a language in both."""
    parts = [re.split(r"[._-]", name.removesuffix(".gz").lower()) for name in (first, second)]
    if len(parts[0]) != len(parts[1]):
        return False
    different = [pair for pair in zip(*parts, strict=True) if pair[0] != pair[1]]
    return len(different) == 1 and all(map(_is_side, different[0]))


def _is_side(word: str) -> bool:
    from babel import Locale

    languages = Locale("en").languages
    names = {str(name).lower() for name in languages.values()}
    return word in SIDES or word in _CODES or (len(word) == 2 and word in languages) or word in names
