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
    """Where to cut a buffer so that both sides split as the whole would: after the last newline.

    Without a newline: before the last blank that follows a non-blank, else at the end.
    """
    newline = text.rfind("\n")
    if newline >= 0:
        return newline + 1
    for match in regex.finditer(r"(?r)(?<=\S)\s", text):
        return match.start()
    return len(text)
