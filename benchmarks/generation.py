"""Speed of generation, side by side with an ``nn.LSTM`` loop and with the published Keras loop.

Every ratio is of two figures measured in turn in one run, the median of several turns, so that what else the
machine does weighs on both. Rewrites its section of ``benchmarks/RESULTS.md``.

    python benchmarks/generation.py [--model DIR] [--turns N] [--only torch|keras]
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

import peers
import torch_loop
from results import table, write_section
from riverrun.api import load_language_model
from riverrun.config.resolved import LanguageShape
from riverrun.data.corpus import open_corpus
from riverrun.generation.compiled.calling import CompiledDecoder
from riverrun.generation.compiled.pace import cores
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin

VOCABULARY, EMBEDDING = 58, 64
SHAPES = ((128, 1), (512, 1), (512, 2))
SAMPLING = Sampling(temperature=0.8)
PUBLISHED = "LSTM(128) of the published example"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a trained model, for the cost of fewer bits")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--only", choices=("torch", "keras"))
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    if options.only != "keras":
        path = options.model or trained_model()
        parts = [one_sequence(options.turns), many_sequences(options.turns), fewer_bits(options.turns)]
        parts += [bits_per_character(path), cold_start(path, options.turns)]
        command = "python benchmarks/generation.py --only torch"
        write_section("generation", "Generation", command, "\n\n".join(parts))
    if options.only != "torch":
        command = "python benchmarks/generation.py --only keras"
        body = against_keras(max(2, options.turns // 2))
        write_section("generation-keras", "Generation, against the published Keras loop", command, body)


def models(hidden: int, layers: int, precision: str = "fp32") -> tuple[torch_loop.Model, CompiledDecoder]:
    """The same random weights in torch and in our decoder."""
    model = torch_loop.Model(VOCABULARY, EMBEDDING, hidden, layers).eval()
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return model, CompiledDecoder(weights, shape_of(hidden, layers), precision)


def shape_of(hidden: int, layers: int) -> LanguageShape:
    """An LSTM's."""
    widths = {"embedding": EMBEDDING, "hidden": hidden, "layers": layers, "kernel": 3, "features": 1}
    return LanguageShape("lstm", "embedding", dropout=0.0, tied=False, initial_weights="torch", **widths)


@contextmanager
def one_core() -> Iterator[None]:
    """Decoders that are made meanwhile use one core."""
    with patch("riverrun.generation.compiled.calling.cores", lambda: 1):
        yield


def writing(decoder: CompiledDecoder, sequences: int, seconds: float = 0.3) -> Callable[[], float]:
    """A function that writes for about that long and returns symbols a second."""
    positions = [begin(decoder, [2 + k % 50, 3]) for k in range(sequences)]
    seeds = [(0, k) for k in range(sequences)]
    count = 1

    def rate() -> float:
        began = time.perf_counter()
        decoder.write(positions, [SAMPLING] * sequences, seeds, count)
        return count * sequences / (time.perf_counter() - began)

    while (speed := rate()) * seconds > 2 * count * sequences:
        count = max(2 * count, int(speed * seconds / sequences / 2))
    return rate


def in_turn(turns: int, *measures: Callable[[], float]) -> list[float]:
    """Medians of several figures, taken one after the other, again and again."""
    rounds = [[measure() for measure in measures] for _ in range(turns)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def ratio(turns: int, first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float, float]:
    """Medians of two figures and of their ratio in each turn."""
    rounds = [(first(), second()) for _ in range(turns)]
    ours, theirs = zip(*rounds, strict=True)
    ratios = [a / b for a, b in rounds]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


def one_sequence(turns: int) -> str:
    rows = []
    for hidden, layers in SHAPES:
        model, decoder = models(hidden, layers)
        with one_core():
            narrow = models(hidden, layers)[1]
        write, alone = writing(decoder, 1), writing(narrow, 1)
        read = bandwidth(decoder.bytes_per_symbol)
        torch.set_num_threads(1)  # as fast as or faster than two for one character at a time
        ours, theirs, times = ratio(
            turns, write, lambda m=model: 1 / torch_loop.seconds_per_character(m, 300)
        )
        on_one, _, share = ratio(turns, lambda a=alone, d=decoder: a() * d.bytes_per_symbol, read)
        scoring = statistics.median(scoring_rate(decoder) for _ in range(turns))
        rows.append(
            [
                f"{layers} x {hidden}",
                f"{ours:,.0f}",
                f"{theirs:,.0f}",
                f"{times:.1f}",
                f"{on_one / decoder.bytes_per_symbol:,.0f}",
                f"{share:.0%}",
                f"{scoring:,.0f}",
            ]
        )
    header = [
        "LSTM",
        "characters/s",
        "nn.LSTM loop",
        "ratio",
        "on one core",
        "share of its bound",
        "scored/s",
    ]
    return f"One sequence, {VOCABULARY} symbols, fp32:\n\n{table(header, rows)}\n\n{_BOUND}"


_BOUND = (
    "The bound is the bytes of weights read for each character over the speed at which one core sums an array of "
    "that size, so from the cache level that it fits in; the share is of one core's characters/s."
)


def many_sequences(turns: int) -> str:
    rows = []
    for hidden, precision in ((128, "fp32"), (512, "fp32"), (512, "bf16")):
        _, decoder = models(hidden, 1, precision)
        with one_core():
            narrow = models(hidden, 1, precision)[1]
        many, one, alone = in_turn(
            turns, *(writing(d, n) for d, n in ((decoder, 64), (decoder, 1), (narrow, 1)))
        )
        weights = decoder.bytes_per_symbol / (4 if precision == "fp32" else 2)
        figures = f"{alone:,.0f}", f"{one:,.0f}", f"{many:,.0f}", f"{many / alone:.2f}", f"{many / one:.2f}"
        rows.append([f"1 x {hidden}, {precision}", *figures, f"{many * 2 * weights / 1e9:,.0f} GFLOP/s"])
    header = ["LSTM", "one, one core", "one, all cores", "64 together", "to one core", "to all", "arithmetic"]
    peak = f"torch's product of two float32 matrices of 2048 x 2048 reaches {matrix_product_peak():,.0f} GFLOP/s here."
    return f"64 sequences at once:\n\n{table(header, rows)}\n\n{peak}"


def matrix_product_peak(size: int = 2048) -> float:
    """GFLOP/s of torch's product of two square float32 matrices, on all cores: the best of several."""
    torch.set_num_threads(cores())
    a, b = torch.rand(size, size), torch.rand(size, size)
    times = []
    for _ in range(40):
        began = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times) / 1e9


def fewer_bits(turns: int) -> str:
    rows = []
    for hidden, layers in (*SHAPES, (1024, 1)):
        rates = in_turn(turns, *(writing(models(hidden, layers, p)[1], 1) for p in ("fp32", "bf16", "int8")))
        rows.append([f"{layers} x {hidden}", *(f"{rate:,.0f}" for rate in rates)])
    return "Weights in fewer bits, characters/s:\n\n" + table(["LSTM", "fp32", "bf16", "int8"], rows)


def bits_per_character(path: Path) -> str:
    """The cost of fewer bits on a text, by a trained model."""
    model = load_language_model(path)
    ids = model.tokenizer.encode("".join(open_corpus(["python-docs"]).texts())[-200_000:])
    bits = []
    for precision in ("fp32", "bf16", "int8"):
        decoder = load_language_model(path, precision).decoder
        scores, _ = decoder.score(ids[:-1], ids[1:], decoder.initial_state())
        bits.append(scores.surprisal.mean() / np.log(2))
    shape = f"{model.settings.model.layers} x {model.settings.model.hidden}"
    row = [shape, f"{bits[0]:.4f}", *(f"{value - bits[0]:+.5f}" for value in bits[1:])]
    return "Their cost in bits per character:\n\n" + table(["trained model", "fp32", "bf16", "int8"], [row])


def scoring_rate(decoder: CompiledDecoder, count: int = 100_000) -> float:
    ids = np.random.default_rng(0).integers(2, VOCABULARY, count + 1)
    began = time.perf_counter()
    decoder.score(ids[:-1], ids[1:], decoder.initial_state())
    return count / (time.perf_counter() - began)


def bandwidth(size: int) -> Callable[[], float]:
    """A function that reads ``size`` bytes again and again and returns bytes a second."""
    from numba import njit

    @njit(fastmath=True)
    def read(values, times):
        total = np.float32(0)
        for _ in range(times):
            for place in range(values.size):
                total += values[place]
        return total

    values = np.ones(size // 4, np.float32)
    read(values, 1)
    times = max(1, int(2e10 / size / 4))

    def rate() -> float:
        began = time.perf_counter()
        read(values, times)
        return size * times / (time.perf_counter() - began)

    return rate


def against_keras(turns: int) -> str:
    _, decoder = models(128, 1)
    write, rows = writing(decoder, 1), []
    here = Path(__file__).parent / "keras_generation.py"
    for backend, packages in (
        ("tensorflow", ("tensorflow==2.21.0", "keras==3.15.1")),
        ("jax", ("keras", "jax")),
    ):
        python = peers.environment(f"keras-{backend}", *packages)
        settings = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        loop = lambda p=python, s=settings: float(peers.run(p, str(here), "8", **s))  # noqa: E731
        ours, theirs, times = ratio(turns, write, loop)
        rows.append([f"Keras, {backend}", f"{theirs:,.1f}", f"{ours:,.0f}", f"{times:,.0f}"])
    return f"{PUBLISHED}, characters/s:\n\n" + table(["loop", "theirs", "ours", "ratio"], rows)


def trained_model() -> Path:
    """A model of a minute's training, made at the first call."""
    path = peers.BENCH / "generation-model"
    if not path.exists():
        command = [_riverrun(), "train", "python-docs", "--minutes", "1", "-o", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def cold_start(path: Path, turns: int) -> str:
    """Wall time of a whole command; torch's import for comparison."""

    def seconds(*command: str) -> Callable[[], float]:
        def measure() -> float:
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return time.perf_counter() - began

        return measure

    generate = seconds(_riverrun(), "generate", str(path), "the ", "--length", "400")
    generate()
    ours, torchs = in_turn(turns, generate, seconds(sys.executable, "-c", "import torch"))
    return (
        f'A cold `riverrun generate MODEL "the " --length 400` takes {ours:.2f} s in all; '
        f"`import torch` alone takes {torchs:.2f} s."
    )


def _riverrun() -> str:
    return str(Path(sys.executable).parent / "riverrun")


if __name__ == "__main__":
    main()
