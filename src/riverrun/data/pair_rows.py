"""What the rows of a file of pairs are: cells between tabs or commas, or the keys of JSON objects."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from riverrun.errors import CorpusError

SIDES = {"source", "target", "src", "tgt", "trg", "input", "output", "in", "out", "from", "to"}
"""Words for the two sides of pairs, in the names of files and in headers."""

HEADERS = SIDES | {
    *(
        "text",
        "sentence",
        "sentences",
        "translation",
        "question",
        "answer",
        "prompt",
        "response",
        "label",
        "labels",
    ),
    *("tag", "tags", "pos", "word", "words", "token", "tokens", "form", "lemma", "features", "inflection"),
    *(
        "spelling",
        "orthography",
        "grapheme",
        "graphemes",
        "phoneme",
        "phonemes",
        "phones",
        "pronunciation",
        "ipa",
    ),
    *(
        "english",
        "french",
        "german",
        "spanish",
        "italian",
        "portuguese",
        "dutch",
        "russian",
        "chinese",
        "japanese",
    ),
    *("en", "fr", "de", "es", "it", "pt", "nl", "ru", "zh", "ja", "ko"),
}
"""Words that head a column; a first line of nothing else is a header."""

ATTRIBUTION = "CC-BY"  # how the third column of Tatoeba's pairs begins (manythings.org/anki)
SHOWN = 30  # characters of a cell in a message
_LARGEST_CELL = 1 << 28  # characters


class Columns(NamedTuple):
    """Which columns are the sides: numbers from 1 or names, several with commas between; empty: to be seen."""

    source: str = ""
    target: str = ""


class PairRow(NamedTuple):
    """A line: its number, from 1, and the two sides, or what is wrong with it."""

    line: int
    found: tuple[str, str] | str


class Header(NamedTuple):
    """A first line that names the columns."""

    cells: tuple[str, ...]


@dataclass(frozen=True)
class _Chosen:
    """Places of the columns of both sides, and whether there are to be no others (but for attributions)."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    alone: bool


def tsv_rows(lines: Iterable[str], columns: Columns, name: str) -> Iterator[PairRow | Header]:
    """Rows of a file with tabs between its columns. Raises CorpusError where it cannot be told which are the sides."""
    numbered = ((number, line.split("\t")) for number, line in enumerate(lines, 1))
    return _table(numbered, columns, name, "tab")


def csv_rows(lines: Iterable[str], columns: Columns, name: str) -> Iterator[PairRow | Header]:
    """The same with commas (or semicolons) and quotes (RFC 4180). Raises CorpusError, also for a quote left open."""
    return _table(_records(lines, name), columns, name, "comma")


def json_rows(lines: Iterable[str], columns: Columns) -> Iterator[PairRow]:
    """Rows of JSON objects, one a line; columns are keys, ``source`` and ``target`` if none are chosen."""
    keys = Columns(columns.source or "source", columns.target or "target")
    for number, line in enumerate(lines, 1):
        yield PairRow(number, _from_json(line, keys))


def checked(source: str, target: str) -> tuple[str, str] | str:
    """Both sides, or which is empty."""
    if not source.strip() or not target.strip():
        return f"the {'target' if source.strip() else 'source'} is empty"
    return source, target


def _records(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of the line each begins in."""
    lines = iter(lines)
    first = next(lines, "")
    delimiter = ";" if ";" in first and "," not in first else ","
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader((f"{line}\n" for line in chain([first], lines)), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(
            f"{name}, line {begins}: {error}; a cell with a comma or a line break is put in "
            "quotes, a quote in it doubled"
        ) from error


def _table(
    numbered: Iterator[tuple[int, list[str]]], columns: Columns, name: str, between: str
) -> Iterator[PairRow | Header]:
    chosen: _Chosen | None = None
    for number, cells in numbered:
        if number == 1 and _is_header(cells, columns):
            header = Header(tuple(cell.strip() for cell in cells))
            chosen = _chosen(columns, header.cells, name) if any(columns) else None
            yield header
            continue
        if len(cells) < 2:
            yield PairRow(number, f"no {between} between source and target")
            continue
        if chosen is None:
            chosen = _choose(cells, columns, f"{name}, line {number}")
        yield PairRow(number, _sides(cells, chosen))


def _is_header(cells: Sequence[str], columns: Columns) -> bool:
    named = [
        part
        for part in f"{columns.source},{columns.target}".split(",")
        if part and not part.strip().isdecimal()
    ]
    heads = {cell.strip().lower() for cell in cells} - {""}
    return bool(named) or (len(heads) > 1 and heads <= HEADERS)


def _chosen(columns: Columns, names: Sequence[str], where: str) -> _Chosen:
    """The columns that are chosen; of a side that is not, the first or the second."""
    sides = columns.source or "1", columns.target or "2"
    source, target = (tuple(_place(part.strip(), names, where) for part in side.split(",")) for side in sides)
    return _Chosen(source, target, alone=False)


def _place(part: str, names: Sequence[str], where: str) -> int:
    if part.isdecimal() and int(part) > 0:
        return int(part) - 1
    if part in names:
        return names.index(part)
    known = f"its first line has {', '.join(map(repr, names))}" if names else "columns are counted from 1"
    raise CorpusError(f"{where}: there is no column {part!r}; {known}")


def _choose(cells: Sequence[str], columns: Columns, where: str) -> _Chosen:
    """Columns by number, or seen from the first row."""
    if any(columns):
        return _chosen(columns, (), where)
    if _others(cells) == 0:
        return _Chosen((0,), (1,), alone=True)
    shown = ", ".join(f"{cell:.{SHOWN}}" for cell in cells[:8])
    raise CorpusError(
        f"{where} has {len(cells)} columns ({shown}): say which are the sides, for example by --data.source-columns 1 "
        f"--data.target-columns {len(cells)}"
    )


def _others(cells: Sequence[str]) -> int:
    """Columns that are neither the two sides nor an attribution."""
    return sum(bool(cell.strip()) and not cell.startswith(ATTRIBUTION) for cell in cells[2:])


def _sides(cells: Sequence[str], chosen: _Chosen) -> tuple[str, str] | str:
    if chosen.alone and (others := _others(cells)):
        return f"{2 + others} columns, where the lines before have two"
    if (last := max(*chosen.source, *chosen.target)) >= len(cells):
        return f"{len(cells)} columns: there is no column {last + 1}"
    source, target = (" ".join(cells[place] for place in places) for places in (chosen.source, chosen.target))
    return checked(source, target)


def _from_json(line: str, keys: Columns) -> tuple[str, str] | str:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return f'not an object with "{keys.source}" and "{keys.target}"'
    sides = [[document.get(key.strip()) for key in side.split(",")] for side in keys]
    if any(value is None for side in sides for value in side):
        found = ", ".join(f'"{key:.{SHOWN}}"' for key in list(document)[:8]) or "nothing"
        return (
            f'not an object with "{keys.source}" and "{keys.target}" (it has {found}; --data.source-columns and '
            "--data.target-columns choose others)"
        )
    if not all(isinstance(value, str) for side in sides for value in side):
        return f'"{keys.source}" and "{keys.target}" must be texts'
    source, target = (" ".join(map(str, side)) for side in sides)
    if any("\ud800" <= character <= "\udfff" for character in source + target):
        return "half a character (a surrogate without its other half)"
    return checked(source, target)
