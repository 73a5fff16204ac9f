"""Cutting text into units, and finding places where a long text may be cut without changing its units."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

# A word keeps inner apostrophes and combining marks; a run of blanks and a single newline are units too,
# so that joining the units gives the text back.
_WORD = r"(?V1s)\p{L}[\p{L}\p{M}]*(?:['’]\p{L}[\p{L}\p{M}]*)*|\p{N}+|\n|[^\S\n]+|."
_HAN = r"\p{Han}"
_HAN_OR_NOT = r"\p{Han}+|\P{Han}+"
_MARKS = r"[\p{P}--[\p{Pd}\p{Pc}'’·&@#%*/\\]]"
_MARK = rf"(?V1){_MARKS}"
_CLAUSE = rf"(?V1){_MARKS}|\n|[^{_MARKS}\n]+"
# The separators U+001C to U+001F are blank to some libraries and visible to others.
_CLAUSE_CUT = r"(?r)(?<=[^\s\x1c-\x1f])\n"
_CUT = r"(?r)(?<=[^\s\x1c-\x1f])[ \n]"


@cache
def _compiled(pattern: str) -> "Pattern[str]":
    """A pattern; models of characters and bytes start without the library."""
    import regex

    return regex.compile(pattern)


def split_words(text: str) -> list[str]:
    """Words, numbers, punctuation marks, blanks and newlines; ``"".join`` of the result is the text."""
    return _compiled(_WORD).findall(text)


def split_chinese_words(text: str) -> list[str]:
    """Chinese words, cut by jieba's dictionary and hidden Markov model; all else as :func:`split_words` does."""
    import rjieba

    units: list[str] = []
    for run in _compiled(_HAN_OR_NOT).findall(text):
        units += rjieba.cut(run) if is_chinese(run[0]) else split_words(run)
    return units


def split_clauses(text: str) -> list[str]:
    """Stretches of text between punctuation marks and newlines, and these, each mark a unit of its own."""
    return _compiled(_CLAUSE).findall(text)


def is_chinese(character: str) -> bool:
    """Whether a character is a Chinese one (Unicode script Han)."""
    return _compiled(_HAN).match(character) is not None


def is_clause_mark(unit: str) -> bool:
    """Whether a unit is a punctuation mark that ends a clause."""
    return _compiled(_MARK).fullmatch(unit) is not None


def safe_cut(text: str, unit: str = "word") -> int:
    """Where to cut a buffer so that both sides split as the whole would, words and subwords alike: before the
    last space or newline that follows a visible character; for clauses, which hold spaces, the last newline.
    0 where there is none.

    Not after a newline: subwords keep a run of blank lines together.
    """
    found = _compiled(_CLAUSE_CUT if unit == "clause" else _CUT).search(text)
    return found.start() if found else 0
