"""Language models against the published Keras example and nanoGPT's figure; start-up; memory.

python benchmarks/language_models.py [nietzsche] [nietzsche_short] [tinyshakespeare] [startup] [resume] [plain] [memory]
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peers
from results import table, write_section

RIVERRUN = str(Path(sys.executable).parent / "riverrun")
COMMAND = "python benchmarks/language_models.py"
KERAS_EPOCHS = 8


def train(*arguments: str) -> dict:
    """Run ``riverrun train --json``; adds ``wall``, the seconds of the whole command."""
    started = time.perf_counter()
    result = subprocess.run([RIVERRUN, "train", *arguments, "--json"], check=True, capture_output=True)
    return json.loads(result.stdout) | {"wall": time.perf_counter() - started}


def nietzsche() -> None:
    """Wall time to the held-out loss that the Keras example reaches after 8 epochs."""
    path = peers.DATA / "nietzsche.txt"
    text = path.read_text(encoding="utf-8").lower()
    python = peers.environment("keras-tensorflow", "tensorflow==2.21.0", "keras==3.15.1")
    script = str(Path(__file__).parent / "keras_nietzsche.py")
    output = peers.run(python, script, str(path), str(KERAS_EPOCHS), KERAS_BACKEND="tensorflow")
    keras = [json.loads(line) for line in output.splitlines()]
    target = min(epoch["loss"] for epoch in keras)
    rows = [
        [f"Keras example, epoch {e['epoch']}", f"{e['seconds']:.0f} s", f"{e['loss']:.4f}", "", ""]
        for e in (keras[0], keras[-1])
    ]
    curves = {"the published Keras example": [(e["seconds"], e["loss"]) for e in keras]}
    with tempfile.TemporaryDirectory() as folder:
        held_out = Path(folder) / "held-out.txt"
        held_out.write_text(text[int(len(text) * 0.9) :], encoding="utf-8")
        for share in (100, 60, 30):
            minutes = keras[-1]["seconds"] / share / 60
            model = str(Path(folder) / f"model-{share}")
            report = train(str(path), "--text.lower", "--minutes", f"{minutes:.4f}", "-o", model)
            exact = subprocess.run(
                [RIVERRUN, "evaluate", model, str(held_out), "--json"], capture_output=True
            )
            loss = json.loads(exact.stdout)["nats_per_token"]
            ratio = keras[-1]["seconds"] / report["wall"]
            verdict = "yes" if loss <= target else "no"
            label = f"riverrun train --text.lower --minutes {minutes:.2f}"
            rows.append([label, f"{report['wall']:.1f} s", f"{loss:.4f}", f"1/{ratio:.0f}", verdict])
            curves[f"riverrun, {minutes * 60:.0f} s"] = _held_out_curve(Path(model))
    header = ["nietzsche.txt, lower-cased, last 10% held out", "wall time", "held-out nats/char"]
    body = table([*header, "share of Keras' time", f"at most {target:.4f}"], rows)
    _draw(curves, peers.ROOT / "docs" / "nietzsche.png")
    note = "Keras' time is its `fit` alone; ours is the whole command, from start to saved model."
    write_section("nietzsche", "Training: Nietzsche", f"{COMMAND} nietzsche", f"{body}\n\n{note}")


def nietzsche_short() -> None:
    """How low a few seconds bring the held-out loss."""
    path = str(peers.DATA / "nietzsche.txt")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seconds in (5, 6, 6.6, 8, 10, 15):
            minutes = f"{seconds / 60:.4f}"
            report = train(path, "--text.lower", "--minutes", minutes, "-o", f"{folder}/{seconds}")
            loss = report["validation_nats_per_token"]
            rows.append([f"{seconds} s", f"{report['wall']:.1f} s", f"{report['steps']}", f"{loss:.4f}"])
    body = table(["budget", "wall time of the whole command", "steps", "held-out nats/char"], rows)
    title = "Training: Nietzsche in a few seconds"
    write_section("nietzsche-short", title, f"{COMMAND} nietzsche_short", body)


def _held_out_curve(model: Path) -> list[tuple[float, float]]:
    """Seconds and held-out nats per token of each evaluation of a run."""
    lines = map(json.loads, (model / "metrics.jsonl").read_text().splitlines())
    return [(e["seconds"], e["nats_per_token"]) for e in lines if e["event"] == "evaluated"]


def _draw(curves: dict[str, list[tuple[float, float]]], path: Path) -> None:
    """Held-out loss against seconds, on a logarithmic axis of time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.2), layout="constrained")
    for label, points in curves.items():
        seconds, losses = zip(*points, strict=True)
        axes.plot(seconds, losses, marker="o", markersize=4, label=label)
    axes.set(xscale="log", xlabel="seconds of training, whole command", ylabel="held-out nats per character")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def tinyshakespeare() -> None:
    """The time nanoGPT's CPU settings take here, and ten minutes."""
    path = str(peers.DATA / "tinyshakespeare.txt")
    rows = [["nanoGPT, its README's CPU settings", "112 s (another run)", "1.886"]]
    with tempfile.TemporaryDirectory() as folder:
        for minutes in ("1.87",):
            report = train(path, "--minutes", minutes, "-o", f"{folder}/{minutes}")
            loss = report["validation_nats_per_token"]
            rows.append([f"riverrun train --minutes {minutes}", f"{report['wall']:.0f} s", f"{loss:.4f}"])
    body = table(["tinyshakespeare.txt, first 90% / last 10%", "wall time", "held-out nats/char"], rows)
    write_section("tinyshakespeare", "Training: tinyshakespeare", f"{COMMAND} tinyshakespeare", body)


def startup() -> None:
    """Imports and help, medians of 15 cold processes."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        'python -c "import riverrun"': [sys.executable, "-c", "import riverrun"],
        "riverrun --help": [RIVERRUN, "--help"],
        "riverrun train --help": [RIVERRUN, "train", "--help"],
        'python -c "import torch"': [sys.executable, "-c", "import torch"],
    }
    rows = [[f"`{name}`", f"{_median_seconds(command):.3f} s"] for name, command in commands.items()]
    write_section("startup", "Start-up", f"{COMMAND} startup", table(["command", "median of 15"], rows))


def resume() -> None:
    """A run killed 200 times with SIGKILL and resumed each time, against one that nobody killed."""
    script = str(Path(__file__).parent / "kill_and_resume.py")
    report = json.loads(subprocess.run([sys.executable, script], check=True, stdout=subprocess.PIPE).stdout)
    moments = ", ".join(f"{count} while {moment}" for moment, count in report["moments"].items())
    verdict = "identical to the byte" if report["identical"] else "DIFFERENT"
    rows = [["kills", f"{report['kills']} ({moments})"], ["weights, losses and samples at the end", verdict]]
    write_section("resume", "Kill and resume", f"{COMMAND} resume", table(["what", "measured"], rows))


def plain() -> None:
    """The plain numpy decoder against a bare nn.LSTM loop, one sequence, greedy."""
    from dataclasses import fields

    import torch

    from riverrun.config.resolved import LanguageShape
    from riverrun.config.settings import ModelSettings
    from riverrun.generation.plain import PlainDecoder
    from riverrun.generation.sampling import Sampling
    from riverrun.generation.streaming import begin
    from riverrun.models.language_network import LanguageModel

    rows = []
    for hidden in (128, 512):
        settings = ModelSettings(embedding=64, hidden=hidden, layers=1, dropout=0.0, tied=False)
        network = LanguageModel(settings, 58).eval()
        weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
        shape = LanguageShape(
            **{field.name: getattr(settings, field.name) for field in fields(LanguageShape)}
        )
        decoder = PlainDecoder(weights, shape)
        sampling = Sampling(temperature=0)
        count, speeds = 1000, ([], [])
        for _ in range(5):
            started = time.perf_counter()
            decoder.write([begin(decoder, [])], [sampling], [(0, 0)], count)
            speeds[0].append(count / (time.perf_counter() - started))
            symbol, state = torch.zeros(1, 1, dtype=torch.long), network.initial_state(1)
            started = time.perf_counter()
            with torch.inference_mode():
                for _ in range(count):
                    logits, state = network(symbol, state)
                    symbol = logits.argmax(-1)
            speeds[1].append(count / (time.perf_counter() - started))
        ours, theirs = map(statistics.median, speeds)
        rows.append([f"1 x {hidden}", f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}"])
    body = table(["LSTM, characters/s", "plain decoder (numpy)", "nn.LSTM loop", "ratio"], rows)
    write_section("plain", "Generation without compiled code", f"{COMMAND} plain", body)


def memory() -> None:
    """Training on 1 GB of text: resident memory beyond importing torch, encoding speed, time to the first step."""
    with tempfile.TemporaryDirectory(dir=peers.BENCH) as folder:
        text = Path(folder) / "large.txt"
        size = _write_large_text(text, 1_000_000_000)
        cache = {**os.environ, "RIVERRUN_CACHE": f"{folder}/cache"}
        baseline = _peak_mb([sys.executable, "-c", "import torch; torch.zeros(1)"], os.environ)
        model = f"{folder}/model"
        command = [RIVERRUN, "train", str(text), "--steps", "400", "-o", model]
        started = time.perf_counter()
        peak = _peak_mb(command, cache)
        wall = time.perf_counter() - started
        first = json.loads((Path(model) / "metrics.jsonl").read_text().splitlines()[2])
    speed = size / 1e6 / first["seconds"]
    rows = [
        ["text", f"{size / 1e6:,.0f} MB"],
        ["peak resident memory, importing torch alone", f"{baseline:.0f} MB"],
        ["peak resident memory, training", f"{peak:.0f} MB ({peak - baseline:+.0f} MB)"],
        [
            "from start to the first report of a step",
            f"{first['seconds']:.1f} s ({speed:.0f} MB/s, all passes)",
        ],
        ["whole command, 400 steps", f"{wall:.0f} s"],
    ]
    write_section(
        "memory", "Memory: training on 1 GB", f"{COMMAND} memory", table(["what", "measured"], rows)
    )


def _write_large_text(path: Path, size: int) -> int:
    """Shuffled lines of tinyshakespeare until the size is reached."""
    lines = (peers.DATA / "tinyshakespeare.txt").read_text().splitlines(keepends=True)
    generator = random.Random(0)
    written = 0
    with open(path, "w", encoding="utf-8") as stream:
        while written < size:
            generator.shuffle(lines)
            written += stream.write("".join(lines))
    return written


def _peak_mb(command: list[str], surroundings) -> float:
    """Largest resident memory of a command, by a process of its own that waits for it."""
    probe = (
        "import resource, subprocess, sys; "
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode; "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe, *command], check=True, capture_output=True, env=surroundings
    )
    return int(result.stdout) / 1024  # Linux counts in KiB


def _median_seconds(command: list[str], times: int = 15) -> float:
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        durations.append(time.perf_counter() - started)
    return statistics.median(durations)


PARTS = {
    part.__name__: part
    for part in (nietzsche, nietzsche_short, tinyshakespeare, startup, resume, plain, memory)
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
