"""``riverrun bench``: how fast a model generates on this machine, and where the time goes."""

import argparse
import subprocess
import sys
import time
from typing import Any

from riverrun.cli.parsing import Parser
from riverrun.cli.precision_flag import add_precision
from riverrun.cli.standard_output import print_json

_PROMPT = 1000  # symbols read before writing


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to write (default 2)")
    parser.add_argument("--n", type=int, default=1, help="how many samples at once")
    add_precision(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from riverrun.errors import InputError

    if not 0 < options.seconds < float("inf"):
        raise InputError(f"--seconds {options.seconds}: give more than 0")
    if options.n < 1:
        raise InputError(f"--n {options.n}: give 1 or more samples")
    report = measure(options.model, options.seconds, options.n, options.precision)
    if options.json:
        print_json(report)
        return 0
    print(f"{report['characters_per_second']:12,.0f} characters/s ({options.precision}, {options.n} at once)")
    print(f"{report['score_characters_per_second']:12,.0f} characters/s when scoring a text")
    print(f"{report['first_symbol_seconds']:12.3f} s from a cold start to the first symbol")
    print("Of these:")
    for name, seconds in report["start_seconds"].items():
        print(f"{seconds:12.3f} s {name.replace('_', ' ')}")
    if report["microseconds_per_symbol"]:
        print("Of each symbol:")
    for name, microseconds in report["microseconds_per_symbol"].items():
        print(f"{microseconds:12.2f} µs {name}")
    return 0


def measure(path: str, seconds: float, count: int, precision: Any) -> dict:
    """Speed of a model in symbols, and the shares of it, in seconds."""
    begun = time.perf_counter()
    from riverrun.api import load_language_model
    from riverrun.generation.compiled.calling import CompiledDecoder
    from riverrun.generation.sampling import Sampling
    from riverrun.generation.streaming import begin

    imported = time.perf_counter()
    model = load_language_model(path, precision)
    loaded = time.perf_counter()
    decoder = model.decoder
    built = time.perf_counter()
    ids = [2 + place % (decoder.vocabulary - 2) for place in range(_PROMPT)]
    sampling = Sampling()
    position = begin(decoder, ids)
    prompted = time.perf_counter()
    rate, symbols = writing_rate(decoder, position, sampling, seconds, count)
    stages = {}
    if isinstance(decoder, CompiledDecoder):  # the plain one has no stages to tell apart
        stages = decoder.stage_seconds(position, sampling, max(1, symbols // 4))
    start = {
        "import": imported - begun,
        "load_and_verify": loaded - imported,
        "pack_weights_and_load_code": built - loaded,
        f"prompt_of_{_PROMPT}_symbols": prompted - built,
    }
    length = sum(map(len, model.tokenizer.decode(ids))) / len(ids)  # characters to a symbol
    return {
        "characters_per_second": rate * length,
        "symbols_per_second": rate,
        "score_characters_per_second": scoring_rate(decoder, ids) * length,
        "first_symbol_seconds": first_symbol_seconds(path),
        "start_seconds": start,
        "microseconds_per_symbol": {name: 1e6 * value for name, value in stages.items()},
        "precision": precision,
        "samples_at_once": count,
    }


def writing_rate(decoder, position, sampling, seconds: float, count: int) -> tuple[float, int]:
    """Symbols a second of ``count`` sequences together, and how many one of them wrote in a call."""
    positions, samplings, seeds = [position] * count, [sampling] * count, [(0, k) for k in range(count)]
    size, best, deadline = 1, 0.0, time.perf_counter() + seconds
    while True:
        begun = time.perf_counter()
        _, positions = decoder.write(positions, samplings, seeds, size)
        now = time.perf_counter()
        best = max(best, size * count / (now - begun))
        if now > deadline:
            return best, size
        if now - begun < seconds / 8:
            size *= 2


def scoring_rate(decoder, ids: list[int]) -> float:
    """Symbols a second that are scored."""
    import numpy as np

    inputs = np.array(ids * 10, np.int64)
    begun = time.perf_counter()
    decoder.score(inputs[:-1], inputs[1:], decoder.initial_state())
    return len(inputs) / (time.perf_counter() - begun)


def first_symbol_seconds(path: str) -> float:
    """Wall time of a whole ``riverrun generate`` of one symbol."""
    command = [sys.executable, "-m", "riverrun.cli.main", "generate", path, "--length", "1"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun
