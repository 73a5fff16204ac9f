"""``riverrun translate``: lines in, lines out."""

import argparse
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from riverrun.cli.main import Parser, print_json
from riverrun.cli.precision_flag import add_precision
from riverrun.data.finding import standard_input
from riverrun.errors import InputError
from riverrun.generation.search import Search

if TYPE_CHECKING:
    from riverrun.translator import TrainedTranslator, Translation

TOGETHER = 256  # lines translated at once, if as many are waiting


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("text", nargs="*", help="texts (default: the lines of standard input)")
    add_beam(parser, "hypotheses kept; 1 is greedy")
    parser.add_argument(
        "--n-best",
        type=int,
        default=Search.n_best,
        metavar="N",
        help="outputs for each text (default %(default)s)",
    )
    parser.add_argument(
        "--length-penalty",
        type=float,
        default=Search.length_penalty,
        metavar="A",
        help="0 prefers short outputs (default %(default)s)",
    )
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
    parser.add_argument("--html", metavar="FILE", help="write a page that shows where each output was read")


def add_beam(parser: Parser, about: str) -> None:
    parser.add_argument(
        "--beam", type=int, default=Search.beam, metavar="K", help=f"{about} (default %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load_translator

    model = load_translator(options.model, *options.ensemble, precision=options.precision)
    if options.score is not None:
        return _score(model, options)
    if not options.text and not options.json and options.html is None:
        for waiting in lines_in_batches():
            for translation in _translate(model, waiting, options):
                print(_as_line(translation, options.n_best), flush=False)
            sys.stdout.flush()
        return 0
    texts = options.text or [line for waiting in lines_in_batches() for line in waiting]
    translations = _translate(model, texts, options)
    if options.html is not None:
        from riverrun.reporting.attention_page import write_page

        write_page(Path(options.html), model, translations)
    if options.json:
        document = {"translations": [translation.to_dict() for translation in translations]}
        print_json(document)
    elif options.html is None:
        for translation in translations:
            print(_as_line(translation, options.n_best))
    return 0


def lines_in_batches() -> Iterator[list[str]]:
    """Lines of standard input as they come: the first at once, then as many together as are waiting.

    Raises:
        InputError: it is closed, or a line is not text; the lines before that one are given first.
    """
    stream = standard_input()
    arrived: queue.Queue[str | InputError | None] = queue.Queue(maxsize=4 * TOGETHER)

    def read() -> None:
        try:
            for number, raw in enumerate(stream, 1):
                arrived.put(_text_of(raw, number))
            arrived.put(None)
        except InputError as error:
            arrived.put(error)
        except (OSError, ValueError) as error:
            arrived.put(InputError(f"standard input cannot be read: {error}"))

    threading.Thread(target=read, daemon=True).start()
    line = arrived.get()
    while isinstance(line, str):
        waiting = [line]
        line = ""
        while len(waiting) < TOGETHER and not arrived.empty() and isinstance(line := arrived.get(), str):
            waiting.append(line)
        yield waiting
        if isinstance(line, str):
            line = arrived.get()
    if line is not None:
        raise line


def _text_of(raw: bytes, number: int) -> str:
    """A line without its end; a byte-order mark before the first is dropped."""
    try:
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"standard input, line {number}: byte 0x{raw[error.start]:02x} is not UTF-8 text; convert it first, for "
            "example with iconv -f LATIN1 -t UTF-8"
        ) from None
    if "\x00" in line:
        raise InputError(f"standard input, line {number}: a zero byte, so this is not text")
    return line


def _translate(
    model: "TrainedTranslator", texts: list[str], options: argparse.Namespace
) -> "list[Translation]":
    from riverrun.api import new_seed
    from riverrun.generation.sampling import Sampling

    return model.translations(
        texts,
        beam=options.beam,
        n_best=options.n_best,
        length_penalty=options.length_penalty,
        sampling=None if options.temperature is None else Sampling(temperature=options.temperature),
        seed=new_seed() if options.seed is None else options.seed,
    )


def _as_line(translation: "Translation", n_best: int) -> str:
    """The output; of several, each on a line of its own with its log-probability."""
    if n_best == 1:
        return translation.outputs[0].text if translation.outputs else ""
    return "\n".join(f"{output.text}\t{output.log_probability:.4f}" for output in translation.outputs)


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
