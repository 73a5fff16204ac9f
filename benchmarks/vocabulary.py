"""A vocabulary of 25,000 Chinese words: the sampled softmax beside the full one, in equal time.

python benchmarks/vocabulary.py [--minutes 3]

Two runs go at once, one thread each, so that whatever else the machine does disturbs both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peers
from results import table, write_section

RIVERRUN = str(Path(sys.executable).parent / "riverrun")
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
HEADER = ["softmax", "weights", "symbols", "steps", "tokens/s", "bits per character", "peak memory"]
RUNS = [(softmax, tied) for tied in (False, True) for softmax in ("full", "sampled")]


def measure(text: Path, held_out: Path, softmax: str, tied: bool, minutes: float, folder: Path) -> list[str]:
    """Train, then score the held-out text exactly; one line of the table."""
    model = folder / f"{softmax}-{tied}"
    settings = {"text.unit": "jieba", "text.min-count": 1, "training.softmax": softmax, "model.tied": tied}
    flags = [word for name, value in settings.items() for word in (f"--{name}", str(value).lower())]
    command = [RIVERRUN, "train", str(text), "--minutes", str(minutes), "-o", str(model), *flags]
    peak = peak_mb(command)
    steps = [json.loads(line) for line in (model / "metrics.jsonl").read_text().splitlines()]
    progress = [event for event in steps if event["event"] == "progress"]
    pace = statistics.median(event["tokens_per_second"] for event in progress)
    evaluate = [RIVERRUN, "evaluate", str(model), str(held_out), "--json"]
    score = json.loads(subprocess.run(evaluate, check=True, capture_output=True, env=ONE_THREAD).stdout)
    symbols = len(json.loads((model / "tokenizer.json").read_text())["symbols"])
    return [
        softmax,
        "tied" if tied else "apart",
        f"{symbols:,}",
        f"{progress[-1]['step']:,}",
        f"{pace:,.0f}",
        f"{score['bits_per_character']:.3f}",
        f"{peak:,.0f} MB",
    ]


def peak_mb(command: list[str]) -> float:
    """Largest resident memory of a command, in MB; raises CalledProcessError where it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ONE_THREAD)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss / 1024  # Linux counts in KiB


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0)
    minutes = parser.parse_args().minutes
    text = peers.DATA / "luxun.txt"
    content = text.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        held_out = folder / "held-out.txt"
        held_out.write_text(content[int(len(content) * 0.9) :], encoding="utf-8")
        running = [
            pool.submit(measure, text, held_out, softmax, tied, minutes, folder) for softmax, tied in RUNS
        ]
        rows = [run.result() for run in running]
    note = (
        f"luxun.txt by Chinese words, all of them kept (`--text.min-count 1`), {minutes:g} minutes on one thread, "
        "two runs at a time; the last tenth is held out, its unseen words spelled in characters. Peak memory is "
        "that of the whole process."
    )
    body = f"{note}\n\n{table(HEADER, rows)}"
    write_section("vocabulary", "Large vocabulary", "python benchmarks/vocabulary.py", body)


if __name__ == "__main__":
    main()
