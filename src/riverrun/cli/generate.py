"""``riverrun generate``: text from a model, shown as it is written."""

import argparse
import sys
import time
import warnings

from riverrun.cli.parsing import Parser
from riverrun.cli.precision_flag import add_precision
from riverrun.cli.sampling_flags import add_sampling, sampling_of
from riverrun.cli.standard_output import print_json
from riverrun.errors import InputError


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("prompt", nargs="?", default="", help="the text to go on from")
    parser.add_argument("--length", type=int, default=400, help="symbols to write (default 400)")
    parser.add_argument("--endless", action="store_true", help="write until stopped")
    add_sampling(parser)
    parser.add_argument(
        "--stop", action="append", default=[], metavar="TEXT", help="end before this text; may be repeated"
    )
    parser.add_argument(
        "--memory",
        type=float,
        default=1.0,
        metavar="X",
        help="share of what the model remembers word for word (0 to 1; default 1), if it has a memory",
    )
    parser.add_argument("--adapt", action="store_true", help="learn from the prompt first")
    parser.add_argument("--n", type=int, default=1, help="how many samples")
    parser.add_argument("--seed", type=int, help="same seed, same text")
    add_precision(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    began = time.perf_counter()
    from riverrun.api import load_language_model
    from riverrun.generation.draws import new_seed

    if options.endless and (options.json or options.n != 1):
        raise InputError("--endless streams one sample to the terminal: leave out --json and --n")
    model = load_language_model(options.model, options.precision)
    if options.adapt:
        model = model.adapted_to(options.prompt)
    seed = new_seed() if options.seed is None else options.seed
    choice = {"seed": seed, "stop": options.stop, "memory": options.memory, **sampling_of(options)}
    if options.json:
        _ = model.decoder  # which may have something to say
        with warnings.catch_warnings(action="ignore"):  # what is to be said of the prompt is said below
            model.generate(options.prompt, 1, **choice)
        first = time.perf_counter() - began
        samples = model.samples(options.prompt, options.length, n=options.n, **choice)
        characters = sum(len(sample.text) for sample in samples)
        report = {
            "samples": [sample.to_dict() for sample in samples],
            "seed": seed,
            "first_symbol_seconds": first,  # from the command's first line on, imports included
            "characters_per_second": characters / samples[0].seconds if samples[0].seconds else None,
        }
        print_json(report)
    elif options.n == 1:
        length = None if options.endless else options.length
        pieces = model.stream(options.prompt, length, **choice)
        sys.stdout.write(options.prompt)
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")
    else:
        for index, sample in enumerate(
            model.samples(options.prompt, options.length, n=options.n, **choice), 1
        ):
            print(f"--- {index}\n{options.prompt}{sample.text}")
    return 0
