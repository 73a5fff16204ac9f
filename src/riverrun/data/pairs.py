"""Pairs of texts: tab-separated files, two parallel files, JSON lines."""

import json
import os.path
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from riverrun.data.corpus import Corpus, open_corpus
from riverrun.errors import CorpusError

SUFFIXES = {".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


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
        layout: ``tsv``, ``jsonl`` or ``parallel`` (the first file holds sources, the second targets).
        skip_bad: lines that are no pair are left out.
    """

    corpus: Corpus
    layout: str
    skip_bad: bool = False

    def pairs(self) -> Iterator[Pair]:
        """All pairs in order.

        Raises:
            CorpusError: naming the line, unless bad lines are skipped.
        """
        for where, line, found in self._rows():
            if isinstance(found, str):
                if not self.skip_bad:
                    raise CorpusError(
                        f"{where}, line {line}: {found}; mend it, or leave such lines out by --data.skip-bad"
                    )
            else:
                yield Pair(line, *found)

    def bad_lines(self) -> int:
        """How many lines are no pair."""
        return sum(isinstance(found, str) for _, _, found in self._rows())

    def warn_of_skipped(self) -> None:
        """Say how many bad lines are left out, if they are."""
        if bad := self.bad_lines() if self.skip_bad else 0:
            warnings.warn(f"{self.corpus.name}: {bad} bad lines left out", stacklevel=3)

    def _rows(self) -> Iterator[tuple[str, int, tuple[str, str] | str]]:
        """File, line number, and the two sides or what is wrong with the line."""
        files = self.corpus.files
        if self.layout == "parallel":
            source, target = (_lines(path) for path in files)
            for number, (left, right) in enumerate(_in_step(source, target, self.corpus.name), 1):
                yield self.corpus.name, number, _checked(left, right)
            return
        for path in files:
            for number, line in enumerate(_lines(path), 1):
                yield str(path), number, _from_tsv(line) if self.layout == "tsv" else _from_json(line)


def open_pairs(inputs: tuple[str, ...], skip_bad: bool = False) -> PairCorpus:
    """Find the files of a corpus of pairs.

    Args:
        inputs: one or more TSV or JSONL files, a built-in task, or two parallel text files.
        skip_bad: leave out lines that are no pair.

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
        raise CorpusError(f"{corpus.name}: give files of one kind, all .tsv or all .jsonl, or two text files")
    return PairCorpus(corpus, layout, skip_bad)


def looks_like_pairs(inputs: tuple[str, ...]) -> bool:
    """Whether every input is, by its name, a file of pairs or a built-in task of pairs."""
    from riverrun.data.builtin_pairs import parse_task

    def is_pairs(item: str) -> bool:
        return _layout(Path(item)) != "text" or (not os.path.exists(item) and parse_task(item) is not None)

    return bool(inputs) and all(is_pairs(item) for item in inputs)


def _layout(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    return SUFFIXES.get(suffixes[-1].lower(), "text") if suffixes else "text"


def _lines(path: Path) -> Iterator[str]:
    """Lines of a file without their ends; only newlines end a line."""
    held = ""
    for text in Corpus(str(path), (path,), 1 << 62, 0, "").texts():
        *whole, held = (held + text).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
    if held:
        yield held.removesuffix("\r")


def _in_step(source: Iterator[str], target: Iterator[str], name: str) -> Iterator[tuple[str, str]]:
    try:
        yield from zip(source, target, strict=True)
    except ValueError:
        raise CorpusError(f"{name}: the two files have different numbers of lines") from None


def _from_tsv(line: str) -> tuple[str, str] | str:
    source, tab, rest = line.partition("\t")
    return _checked(source, rest.partition("\t")[0]) if tab else "no tab between source and target"


def _from_json(line: str) -> tuple[str, str] | str:
    try:
        document = json.loads(line)
        source, target = document["source"], document["target"]
    except (ValueError, KeyError, TypeError):
        return 'not an object with "source" and "target"'
    if not isinstance(source, str) or not isinstance(target, str):
        return '"source" and "target" must be texts'
    if any("\ud800" <= character <= "\udfff" for character in source + target):
        return "half a character (a surrogate without its other half)"
    return _checked(source, target)


def _checked(source: str, target: str) -> tuple[str, str] | str:
    if not source.strip() or not target.strip():
        return f"the {'target' if source.strip() else 'source'} is empty"
    return source, target
