"""``riverrun score``: surprisal of tokens, words and lines, as a table."""

import argparse
import csv
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riverrun.cli.parsing import Parser
from riverrun.cli.precision_flag import add_precision
from riverrun.cli.standard_output import print_json

if TYPE_CHECKING:
    from riverrun.api import TrainedLanguageModel
    from riverrun.data.corpus import Corpus
    from riverrun.evaluation.surprisal import SurprisalRow

COLUMNS = ("line", "text", "characters", "tokens", "surprisal_bits", "unknown")


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("file", nargs="*", default=["-"], help="texts; - is standard input (default)")
    parser.add_argument(
        "--lines",
        action="store_true",
        help="score every line by itself, from the start state, with its line end",
    )
    parser.add_argument(
        "--by",
        choices=("token", "word", "line"),
        help="a row for each token, word (with the blanks after it) or line (default: token; with --lines: line)",
    )
    parser.add_argument(
        "--adapt", action="store_true", help="go on learning from each text, every piece after it was scored"
    )
    add_precision(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="commas between columns instead of tabs")
    form.add_argument("--jsonl", action="store_true", help="one JSON object a row")
    form.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--html", metavar="FILE", help="write a page with the text coloured by surprisal")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load_language_model

    model = load_language_model(options.model, options.precision)
    by = options.by or ("line" if options.lines else "token")
    _check(options, by, model)
    if options.html is not None or (options.json and not options.lines and by == "token"):
        return _whole(options, model)
    from riverrun.data.corpus import open_corpus

    several = len(options.file) > 1
    corpora = [
        open_corpus([file], model.reading) for file in options.file
    ]  # all are there before any is scored
    found = ((each.name, row) for each in corpora for row in _rows(model, each, by, options))
    if options.json:
        print_json({"rows": [_document(file, row, several) for file, row in found]})
    elif options.jsonl:
        for file, row in found:
            print(json.dumps(_document(file, row, several), ensure_ascii=False))
    else:
        _print_table(found, several, "," if options.csv else "\t")
    return 0


def _check(options: argparse.Namespace, by: str, model: "TrainedLanguageModel") -> None:
    from riverrun.errors import InputError

    if by == "word" and model.tokenizer.unit == "clause":
        raise InputError(
            "--by word: this model's units are clauses, which hold several words; score by token or line"
        )
    if len(options.file) > 1 and (options.html is not None or options.file.count("-") > 1):
        raise InputError("--html and standard input are for one text: give one file")
    if options.adapt and options.lines:
        raise InputError("--adapt reads a text as a whole: leave out --lines")
    if options.html is not None and options.lines:
        raise InputError("--html shows a text read as a whole: leave out --lines")


def _whole(options: argparse.Namespace, model: "TrainedLanguageModel") -> int:
    """One text with the figures of all of it."""
    from riverrun.data.corpus import read_text

    if len(options.file) > 1:
        from riverrun.errors import InputError

        raise InputError("--json of tokens is for one text: give one file, or --jsonl")
    score = model.score(read_text(options.file[0], model.reading), adapt=options.adapt)
    if options.html is not None:
        from riverrun.reporting.surprisal_page import write_surprisal_page

        write_surprisal_page(Path(options.html), score, str(options.model))
    if options.json:
        print_json(score.to_dict())
    return 0


def _rows(
    model: "TrainedLanguageModel", corpus: "Corpus", by: Any, options: argparse.Namespace
) -> Iterator["SurprisalRow"]:
    if not options.lines:
        scorer = model.adapting() if options.adapt else model.scorer
        yield from scorer.rows(corpus.texts(), by)
        return
    from riverrun.data.formats.tables import lines

    texts = (f"{line}\n" for line in lines(corpus.texts()))
    if by == "line":
        yield from model.scorer.line_rows(texts)
        return
    for number, score in zip(itertools.count(1), model.scorer.each(texts), strict=False):
        yield from score.rows(by, number)


def _document(file: str, row: "SurprisalRow", several: bool) -> dict[str, Any]:
    return ({"file": file} if several else {}) | row.to_dict()


def _print_table(rows: Iterable[tuple[str, "SurprisalRow"]], several: bool, delimiter: str) -> None:
    """Columns with a header; texts are quoted where they must be, as R and pandas read them."""
    writer = csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n")
    for number, (file, row) in enumerate(rows):
        if number == 0:  # not before: the text may turn out to be none
            writer.writerow((*(("file",) if several else ()), *COLUMNS))
        bits = "" if row.surprisal_bits is None else f"{row.surprisal_bits:.6f}"
        values = (row.line, row.text, row.characters, row.tokens, bits, row.unknown)
        writer.writerow((*((file,) if several else ()), *values))
