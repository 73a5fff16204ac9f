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


def split_chinese_words(text: str) -> list[str]:
    """Chinese words, cut by jieba's dictionary and hidden Markov model; all else as :func:`split_words` does."""
    import rjieba

    units: list[str] = []
    for run in _HAN_OR_NOT.findall(text):
        units += rjieba.cut(run) if is_chinese(run[0]) else split_words(run)
    return units


def split_clauses(text: str) -> list[str]:
    """Stretches of text between punctuation marks and newlines, and these, each mark a unit of its own."""
    return _CLAUSE.findall(text)


def is_chinese(character: str) -> bool:
    """Whether a character is a Chinese one (Unicode script Han)."""
    return _HAN.match(character) is not None


def is_clause_mark(unit: str) -> bool:
    """Whether a unit is a punctuation mark that ends a clause."""
    return _MARK.fullmatch(unit) is not None


_HAN = regex.compile(r"\p{Han}")
_HAN_OR_NOT = regex.compile(r"\p{Han}+|\P{Han}+")
_MARK = regex.compile(r"[\p{P}--[\p{Pd}\p{Pc}'’·&@#%*/\\]]", regex.VERSION1)
_CLAUSE = regex.compile(rf"{_MARK.pattern}|\n|[^{_MARK.pattern}\n]+", regex.VERSION1)


def safe_cut(text: str, unit: str = "word") -> int:
    """Where to cut a buffer so that both sides split as the whole would, words and subwords alike: before the
    last space or newline that follows a visible character; for clauses, which hold spaces, the last newline.
    0 where there is none.

    Not after a newline: subwords keep a run of blank lines together.
    """
    found = (_CLAUSE_CUT if unit == "clause" else _CUT).search(text)
    return found.start() if found else 0


# The separators U+001C to U+001F are blank to some libraries and visible to others.
_CLAUSE_CUT = regex.compile(r"(?r)(?<=[^\s\x1c-\x1f])\n")
_CUT = regex.compile(r"(?r)(?<=[^\s\x1c-\x1f])[ \n]")
