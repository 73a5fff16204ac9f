"""What a memory and going on learning bring: held-out loss beside version 0.1.0, zpaq and PPMd; speed of writing.

    python benchmarks/remembering.py [NAME ...] [--seeds N]

Names are those of ``TEXTS``, and ``speed``; without one, all. The commands zpaq and 7z (Debian: zpaq, p7zip-full) are
asked where they are there; ``RIVERRUN_BEFORE`` names the command of version 0.1.0, in an environment of its own.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import peers
from results import table, write_section

RIVERRUN = str(Path(sys.executable).parent / "riverrun")
BEFORE = os.environ.get("RIVERRUN_BEFORE")
COMMAND = "python benchmarks/remembering.py"


class Text(NamedTuple):
    """A text, how long to train on it, and what share of it is learned."""

    file: str
    minutes: float
    learned: float = 0.9
    lower: bool = False


TEXTS = {
    "nietzsche": Text("nietzsche.txt", 0.376, lower=True),
    "nietzsche-5": Text("nietzsche.txt", 5, lower=True),
    "tinyshakespeare": Text("tinyshakespeare.txt", 1.87),
    "luxun": Text("luxun.txt", 2),
    "alice": Text("alice.txt", 0.5, learned=0.8),
}
FIGURES = (
    "0.1.0",
    "network alone",
    "with its memory",
    "the same, in halves",
    "adapting",
    "zpaq -m5",
    "PPMd, order 6",
)


def measure(text: Text, folder: Path, seeds: int) -> dict[str, float]:
    """Medians over seeds, in nats a character of the held-out part."""
    content = (peers.DATA / text.file).read_text(encoding="utf-8")
    content = content.lower() if text.lower else content
    cut = int(len(content) * text.learned)
    learned, held_out = folder / "learned.txt", folder / "held-out.txt"
    learned.write_text(content[:cut], encoding="utf-8")
    held_out.write_text(content[cut:], encoding="utf-8")
    runs = [one_run(text, learned, held_out, folder / f"{seed}", seed) for seed in range(seeds)]
    found = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    sizes = [part.encode() for part in (content[:cut], content)]
    for name, compress in (("zpaq -m5", zpaq), ("PPMd, order 6", ppmd)):
        if (lengths := [compress(part, folder) for part in sizes]) and None not in lengths:
            found[name] = (lengths[1] - lengths[0]) * 8 * math.log(2) / (len(content) - cut)
    return found


def one_run(text: Text, learned: Path, held_out: Path, output: Path, seed: int) -> dict[str, float]:
    """A model of each version, and what it says of the held-out part."""
    arguments = [
        "--minutes",
        f"{text.minutes}",
        "--data.validation",
        str(held_out),
        "--training.seed",
        f"{seed}",
    ]
    found = {}
    if BEFORE:
        before = f"{output}-before"
        told = train(BEFORE, learned, before, arguments)
        found["0.1.0"] = evaluated(BEFORE, before, held_out)
        print(f"0.1.0: {told['wall']:.1f} s, {found['0.1.0']:.4f}", file=sys.stderr)
    told = train(RIVERRUN, learned, str(output), arguments)
    from riverrun import load
    from riverrun.evaluation.scoring import Scorer

    model = load(output)
    alone = Scorer(model.network, model.tokenizer).likelihood([held_out.read_text(encoding="utf-8")])
    found |= {
        "network alone": alone.nats / alone.characters,
        "with its memory": evaluated(RIVERRUN, str(output), held_out),
        "the same, in halves": told["validation_nats_per_token"],
        "adapting": evaluated(RIVERRUN, str(output), held_out, "--adapt"),
    }
    print(f"{output.name}: {told['wall']:.1f} s, {found}", file=sys.stderr)
    return found


def train(command: str, learned: Path, output: str, arguments: list[str]) -> dict:
    """What ``train --json`` says, and the seconds of the whole command."""
    began = time.perf_counter()
    said = subprocess.run(
        [command, "train", str(learned), "-o", output, *arguments, "--json"], check=True, capture_output=True
    )
    return json.loads(said.stdout) | {"wall": time.perf_counter() - began}


def evaluated(command: str, model: str, held_out: Path, *flags: str) -> float:
    """Nats a character."""
    said = subprocess.run(
        [command, "evaluate", model, str(held_out), "--json", *flags], check=True, capture_output=True
    )
    figures = json.loads(said.stdout)
    return figures["nats_per_token"] * figures["tokens"] / figures["characters"]


def zpaq(content: bytes, folder: Path) -> int | None:
    """Bytes that zpaq needs, on one core."""
    return compressed(
        content, folder, lambda file: ["zpaq", "a", f"{file}.zpaq", str(file), "-m5", "-t1"], "zpaq"
    )


def ppmd(content: bytes, folder: Path) -> int | None:
    """Bytes that 7-Zip's PPMd of order 6 needs."""
    return compressed(
        content, folder, lambda file: ["7z", "a", "-m0=PPMd:o=6", f"{file}.7z", str(file)], "7z"
    )


def compressed(content: bytes, folder: Path, command: Callable[[Path], list[str]], ending: str) -> int | None:
    file = folder / "compressed"
    if shutil.which(command(file)[0]) is None:
        return None
    archive = Path(f"{file}.{ending}")
    archive.unlink(missing_ok=True)
    file.write_bytes(content)
    subprocess.run(command(file), check=True, capture_output=True)
    return archive.stat().st_size


def losses(names: list[str], seeds: int) -> None:
    """The table of held-out losses."""
    rows = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(TEXTS[name], Path(folder), seeds)
        shown = [f"{found[figure]:.3f}" if figure in found else "" for figure in FIGURES]
        rows.append([f"{name}, {TEXTS[name].minutes:g} minutes", *shown])
    note = (
        f"Nats a character of the held-out part, medians of {seeds} seeds. With its memory: one pass by `evaluate`, "
        "under the gate that was fitted on this very text; in halves: as training says it, each half under the gate "
        "of the other (a part of the text, where it is long). zpaq and PPMd: what the held-out part adds to the file."
    )
    body = table(["text", *FIGURES], rows)
    write_section(
        "remembering",
        "Remembering, and going on learning",
        f"{COMMAND} {' '.join(names)}",
        f"{body}\n\n{note}",
    )


def speed(seeds: int) -> None:
    """Writing with a memory and without, one layer of 384 units, in symbols a second."""
    from riverrun import load
    from riverrun.generation.sampling import Sampling
    from riverrun.generation.streaming import begin

    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "--steps",
            "50",
            "--model.hidden",
            "384",
            "--model.layers",
            "1",
            "--model.memory",
            "true",
        ]
        train(RIVERRUN, peers.DATA / "tinyshakespeare.txt", f"{folder}/model", arguments)
        model = load(f"{folder}/model")
        rates = {}
        for name, decoder in (("alone", model.network), ("with its memory", model.decoder)):
            position = begin(decoder, model.tokenizer.encode("First Citizen:\n"))
            times = []
            for seed in range(2 + seeds):
                began = time.perf_counter()
                decoder.write([position], [Sampling()], [(seed, 0)], 20_000)
                times.append(time.perf_counter() - began)
            rates[name] = 20_000 / statistics.median(times)
        rows = [[name, f"{rate:,.0f}", f"{rate / rates['alone']:.0%}"] for name, rate in rates.items()]
        body = table(["LSTM of 1 x 384, tinyshakespeare", "symbols a second", "share"], rows)
    write_section("remembering-speed", "Writing with a memory", f"{COMMAND} speed", body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", choices=[*TEXTS, "speed", []])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    names = options.names or [*TEXTS, "speed"]
    if texts := [name for name in names if name in TEXTS]:
        losses(texts, options.seeds)
    if "speed" in names:
        speed(options.seeds)


if __name__ == "__main__":
    main()
