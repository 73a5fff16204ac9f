"""Texts in tables: a field of JSON lines, a column of CSV."""

import csv
import json
from collections.abc import Iterable, Iterator

from riverrun.errors import CorpusError

_LONGEST = 1 << 28  # characters of a field
_DELIMITERS = ",;\t|"


def texts_of_jsonl(chunks: Iterable[str], field: str, shown: str) -> Iterator[str]:
    """The texts of one field, each ended by a newline; empty ones and nulls are left out.

    Raises:
        CorpusError: naming the line that is no object, or has no such field or no text in it.
    """
    for number, line in enumerate(lines(chunks), 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{shown}, line {number}: not JSON ({error})") from None
        if not isinstance(document, dict):
            raise CorpusError(f"{shown}, line {number}: not an object with a field {field}")
        if field not in document:
            raise CorpusError(f"{shown}, line {number}: {_choose('field', field, document)}")
        text = document[field]
        if not isinstance(text, str | None):
            raise CorpusError(f"{shown}, line {number}: the field {field} holds no text but {str(text)[:40]}")
        if any("\ud800" <= character <= "\udfff" for character in text or ""):
            raise CorpusError(
                f"{shown}, line {number}: half a character (a surrogate without its other half)"
            )
        if text:
            yield text if text.endswith("\n") else f"{text}\n"


def texts_of_csv(chunks: Iterable[str], column: str, shown: str) -> Iterator[str]:
    """The texts of the column of that name, or of the only one, each ended by a newline; empty ones are left out.

    The first row is the header; what separates columns (comma, semicolon, tab or bar) is seen in it.

    Raises:
        CorpusError: there is no such column, or a row is broken.
    """
    rows = lines(chunks)
    header = next(rows, "")
    delimiter = max(_DELIMITERS, key=header.count)
    before = csv.field_size_limit(_LONGEST)
    reader = csv.reader(_ended(header, rows), delimiter=delimiter, strict=True)
    try:
        names = next(reader, [])
        if column not in names and len(names) != 1:
            raise CorpusError(f"{shown}: {_choose('column', column, names)}")
        place = names.index(column) if column in names else 0
        for row in reader:
            if row and len(row) <= place:
                raise CorpusError(
                    f"{shown}, line {reader.line_num}: a row of {len(row)} columns, not {len(names)}"
                )
            if row and row[place]:
                yield row[place] if row[place].endswith("\n") else f"{row[place]}\n"
    except csv.Error as error:
        raise CorpusError(f"{shown}, line {reader.line_num}: not CSV ({error})") from None
    finally:
        csv.field_size_limit(before)


def lines(chunks: Iterable[str]) -> Iterator[str]:
    """Lines without their ends (LF, CR LF) of text that comes in pieces."""
    held: list[str] = []
    for chunk in chunks:
        first, *more = chunk.split("\n")
        held.append(first)
        for line in more:
            yield "".join(held).removesuffix("\r")
            held = [line]
    if last := "".join(held):
        yield last.removesuffix("\r")


def _ended(header: str, rows: Iterator[str]) -> Iterator[str]:
    """Rows with their ends: a quoted field may go on in the next."""
    yield f"{header}\n"
    for row in rows:
        yield f"{row}\n"


def _choose(what: str, name: str, names: Iterable[str]) -> str:
    known = [" ".join(each[:40].split()) or "(no name)" for each in names]
    shown = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
    return (
        f"there is no {what} {name} but {shown or 'nothing'}: choose one by --data.field, or learn the file as it "
        "stands by --data.format text"
    )
