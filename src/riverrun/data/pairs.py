"""Pairs of texts: files of columns between tabs or commas, JSON lines, two parallel files."""

import os.path
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from riverrun.data.corpus import Corpus, open_corpus
from riverrun.data.pair_rows import Columns, Header, PairRow, checked, csv_rows, json_rows, tsv_rows
from riverrun.data.parallel import are_parallel, lines_of
from riverrun.errors import CorpusError

SUFFIXES = {".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
NAMED = 5  # bad lines that are named where they are counted


class Pair(NamedTuple):
    """One example: the number of its line (from 1), a source and a target."""

    line: int
    source: str
    target: str


@dataclass(frozen=True)
class PairCorpus:
    """Pairs in files; read from the files each time.

    Attributes:
        corpus: the files.
        layout: ``tsv``, ``csv``, ``jsonl`` or ``parallel`` (the first file holds sources, the second targets).
        columns: which are the sides.
        skip_bad: lines that are no pair are left out.
    """

    corpus: Corpus
    layout: str
    columns: Columns = Columns()
    skip_bad: bool = False

    def pairs(self) -> Iterator[Pair]:
        """All pairs in order.

        Raises:
            CorpusError: naming the line, unless bad lines are skipped.
        """
        for path, row in self._rows():
            if isinstance(row, Header):
                continue
            if not isinstance(row.found, str):
                yield Pair(row.line, *row.found)
            elif not self.skip_bad:
                raise CorpusError(
                    f"{path}, line {row.line}: {row.found}; mend it, or leave such lines out by --data.skip-bad"
                )

    def warn_of_skipped(self) -> None:
        """Name what is left out: a header, and the bad lines where these are."""
        bad: list[str] = []
        count = 0
        for path, row in self._rows() if self.skip_bad else self._first_rows():
            if isinstance(row, Header):
                named = ", ".join(row.cells)
                warnings.warn(f"{path}: its first line ({named}) is a header and left out", stacklevel=3)
            elif isinstance(row.found, str):
                count += 1
                if len(bad) < NAMED:
                    bad.append(
                        f"line {row.line}{f' of {path}' if len(self.corpus.files) > 1 else ''}: {row.found}"
                    )
        if self.skip_bad and count:
            more = f"; and {count - len(bad)} more" if count > len(bad) else ""
            warnings.warn(
                f"{self.corpus.name}: {count} bad lines left out ({'; '.join(bad)}{more})", stacklevel=3
            )

    def _rows(self) -> Iterator[tuple[str, PairRow | Header]]:
        """Each row with the file it is in."""
        if self.layout == "parallel":
            source, target = map(lines_of, self.corpus.files)
            for number, (left, right) in enumerate(_in_step(source, target, self.corpus.name), 1):
                yield self.corpus.name, PairRow(number, checked(left, right))
            return
        for path in self.corpus.files:
            yield from ((str(path), row) for row in self._rows_of(path))

    def _first_rows(self) -> Iterator[tuple[str, PairRow | Header]]:
        if self.layout in ("tsv", "csv"):
            for path in self.corpus.files:
                yield from ((str(path), row) for row in islice(self._rows_of(path), 1))

    def _rows_of(self, path: Path) -> Iterator[PairRow | Header]:
        match self.layout:
            case "csv":
                return csv_rows(lines_of(path), self.columns, str(path))
            case "jsonl":
                return json_rows(lines_of(path), self.columns)
            case _:
                return tsv_rows(lines_of(path), self.columns, str(path))


def open_pairs(
    inputs: tuple[str, ...],
    skip_bad: bool = False,
    columns: Columns = Columns(),  # noqa: B008
) -> PairCorpus:
    """Find the files of a corpus of pairs.

    Args:
        inputs: one or more files of one kind (.tsv, .csv, .jsonl), a built-in task, or two parallel text files.
        skip_bad: leave out lines that are no pair.
        columns: which are the sides, in files of several columns.

    Raises:
        CorpusError: they cannot be read or hold no pair.
    """
    corpus = open_corpus(inputs)
    layouts = {_layout(path) for path in corpus.files}
    if layouts == {"text"} and len(corpus.files) == 2:
        layout = "parallel"
    elif len(layouts) == 1:
        layout = layouts.pop().replace("text", "tsv")
    else:
        raise CorpusError(
            f"{corpus.name}: give files of one kind, all .tsv, all .csv or all .jsonl, or two text files"
        )
    if layout == "parallel" and any(columns):
        raise CorpusError(f"{corpus.name}: two parallel files have no columns to choose")
    return PairCorpus(corpus, layout, columns, skip_bad)


def looks_like_pairs(inputs: tuple[str, ...]) -> bool:
    """Whether every input is, by its name, a file of pairs or a built-in task of pairs, or two are parallel files.

    Raises:
        CorpusError: two texts may be either; it must be said.
    """
    from riverrun.data.builtin_pairs import parse_task

    def is_pairs(item: str) -> bool:
        return _layout(Path(item)) != "text" or (not os.path.exists(item) and parse_task(item) is not None)

    if inputs and all(is_pairs(item) for item in inputs):
        return True
    two_files = len(set(inputs)) == len(inputs) == 2 and all(map(os.path.isfile, inputs))
    return two_files and are_parallel(*map(Path, inputs))


def _layout(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    return SUFFIXES.get(suffixes[-1].lower(), "text") if suffixes else "text"


def _in_step(source: Iterator[str], target: Iterator[str], name: str) -> Iterator[tuple[str, str]]:
    try:
        yield from zip(source, target, strict=True)
    except ValueError:
        raise CorpusError(f"{name}: the two files have different numbers of lines") from None
