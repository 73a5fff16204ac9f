"""``riverrun translate``: lines in, lines out."""

import argparse
import csv
import os
import queue
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riverrun.cli.parsing import Parser
from riverrun.cli.precision_flag import add_precision
from riverrun.cli.standard_output import print_json
from riverrun.data.finding import standard_input
from riverrun.data.formats.encoding import Lines
from riverrun.errors import InputError
from riverrun.generation.search import Search

if TYPE_CHECKING:
    from riverrun.translator import TrainedTranslator, Translation

TOGETHER = 256  # lines translated at once, if as many are waiting ..
CHARACTERS = 1 << 15  # .. and have no more characters together: a long one does not keep others waiting
HEADER = ("source", "rank", "output", "score", "log_probability", "finished")
FILES = (".tsv", ".csv", ".txt", ".jsonl", ".gz")


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("text", nargs="*", help="texts (default: the lines of standard input)")
    add_search(parser, "beam", "K", "hypotheses kept; 1 is greedy")
    add_search(parser, "n_best", "N", "outputs for each text")
    add_search(parser, "length_penalty", "A", "0 prefers short outputs")
    parser.add_argument(
        "--temperature", type=float, metavar="T", help="draw random outputs instead of searching"
    )
    parser.add_argument("--seed", type=int, help="of random outputs")
    parser.add_argument(
        "--ensemble",
        action="append",
        default=[],
        metavar="MODEL",
        help="another model that votes; may be repeated",
    )
    add_precision(parser, "fp32", "bf16")
    parser.add_argument("--score", metavar="TARGET", help="score this output of the one text given")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--tsv",
        action="store_true",
        help=f"print a table with a header: {', '.join(HEADER).replace('_', '-')}",
    )
    parser.add_argument("--html", metavar="FILE", help="write a page that shows where each output was read")


def add_search(parser: Parser, name: str, letter: str, about: str) -> None:
    """A flag for a setting of :class:`riverrun.generation.search.Search`."""
    flag, default = f"--{name.replace('_', '-')}", getattr(Search, name)
    parser.add_argument(
        flag, type=type(default), default=default, metavar=letter, help=f"{about} (default %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load_translator

    model = load_translator(options.model, *options.ensemble, precision=options.precision)
    if options.score is not None:
        return _score(model, options)
    if options.json or options.html is not None:
        translations = _translations(model, options.text or _all_lines(), options)
        if options.html is not None:
            from riverrun.reporting.attention_page import write_attention_page

            write_attention_page(Path(options.html), model, translations)
        if options.json:
            print_json({"translations": [translation.to_dict() for translation in translations]})
        return 0
    if options.tsv:
        _write_rows([HEADER])
    _hint_at_files(options.model, options.text)
    for texts in [options.text] if options.text else lines_in_batches():
        if options.tsv:
            _write_rows(row for each in _translations(model, texts, options) for row in _rows(each))
        elif options.n_best == 1 and options.temperature is None:
            found = model.translate(texts, beam=options.beam, length_penalty=options.length_penalty)
            print("".join(f"{text}\n" for text in found), end="")
        else:
            for each in _translations(model, texts, options):
                print(_as_lines(each, options.n_best))
        sys.stdout.flush()
    return 0


def _all_lines() -> list[str]:
    return [line for waiting in lines_in_batches() for line in waiting]


def _hint_at_files(model: str, texts: list[str]) -> None:
    """Say how a file is translated, where a text is the name of one."""
    for text in texts:
        if os.path.isfile(text) or (text.endswith(FILES) and " " not in text):
            warnings.warn(
                f"{text} is translated as a text; for the lines of a file: riverrun translate {model} < {text}",
                stacklevel=2,
            )


def lines_in_batches() -> Iterator[list[str]]:
    """Lines of standard input as they come: the first at once, then as many together as are waiting.

    Raises:
        CorpusError: it is closed, or a line is not text; the lines before that one are given first.
        InputError: it cannot be read.
    """
    stream = standard_input()
    arrived: queue.Queue[str | BaseException | None] = queue.Queue(maxsize=4 * TOGETHER)

    def read() -> None:
        try:
            lines = Lines("standard input")
            for raw in stream:
                arrived.put(lines.text_of(raw).rstrip("\r\n"))
            arrived.put(None)
        except (OSError, ValueError) as error:
            arrived.put(InputError(f"standard input cannot be read: {error}"))
        except BaseException as error:  # whatever it is, it is raised where lines are waited for
            arrived.put(error)

    threading.Thread(target=read, daemon=True).start()
    line = arrived.get()
    while isinstance(line, str):
        waiting, characters = [line], len(line)
        while len(waiting) < TOGETHER and not arrived.empty():
            line = arrived.get()
            if not isinstance(line, str) or characters + len(line) > CHARACTERS:
                yield waiting
                break
            waiting.append(line)
            characters += len(line)
        else:
            yield waiting
            line = arrived.get()
    if line is not None:
        raise line


def _translations(
    model: "TrainedTranslator", texts: list[str], options: argparse.Namespace
) -> "list[Translation]":
    from riverrun.generation.draws import new_seed
    from riverrun.generation.sampling import Sampling

    return model.translations(
        texts,
        beam=options.beam,
        n_best=options.n_best,
        length_penalty=options.length_penalty,
        sampling=None if options.temperature is None else Sampling(temperature=options.temperature),
        seed=new_seed() if options.seed is None else options.seed,
    )


def _as_lines(translation: "Translation", n_best: int) -> str:
    """The output; of several, each on a line of its own with its score and its log-probability."""
    if n_best == 1:
        return translation.outputs[0].text if translation.outputs else ""
    return "\n".join(f"{o.text}\t{o.score:.4f}\t{o.log_probability:.4f}" for o in translation.outputs)


def _rows(translation: "Translation") -> Iterator[tuple[Any, ...]]:
    """One row an output, as :data:`HEADER` names its columns."""
    for rank, o in enumerate(translation.outputs, 1):
        numbers = f"{o.score:.6f}", f"{o.log_probability:.6f}", str(o.finished).lower()
        yield translation.source, rank, o.text, *numbers


def _write_rows(rows: Iterable[Sequence[Any]]) -> None:
    """Rows with tabs between; a cell that has a tab or a quote in it is put in quotes."""
    csv.writer(sys.stdout, delimiter="\t", lineterminator="\n").writerows(rows)


def _score(model: "TrainedTranslator", options: argparse.Namespace) -> int:
    if len(options.text) != 1:
        raise InputError("--score TARGET needs one text: riverrun translate MODEL TEXT --score TARGET")
    if options.html is not None:
        raise InputError("--score prints a number and draws nothing: leave out --html")
    source = options.text[0]
    (log_probability,) = model.score([(source, options.score)])
    if options.json:
        print_json({"source": source, "target": options.score, "log_probability": log_probability})
    else:
        print(f"{log_probability:.4f}")
    return 0
