"""Cutting text into units, and finding places where a long text may be cut without changing its units."""

import regex

# A word keeps inner apostrophes and combining marks; a run of blanks and a single newline are units too,
# so that joining the units gives the text back.
_WORD = regex.compile(
    r"\p{L}[\p{L}\p{M}]*(?:['’]\p{L}[\p{L}\p{M}]*)*|\p{N}+|\n|[^\S\n]+|.", regex.VERSION1 | regex.DOTALL
)


def split_words(text: str) -> list[str]:
    """Words, numbers, punctuation marks, blanks and newlines; ``"".join`` of the result is the text."""
    return _WORD.findall(text)


def safe_cut(text: str) -> int:
    """Where to cut a buffer so that both sides split as the whole would, words and subwords alike: before the
    last space or newline that follows a visible character. 0 where there is none.

    Not after a newline: subwords keep a run of blank lines together.
    """
    found = _CUT.search(text)
    return found.start() if found else 0


# The separators U+001C to U+001F are blank to some libraries and visible to others.
_CUT = regex.compile(r"(?r)(?<=[^\s\x1c-\x1f])[ \n]")
