"""Kill a training run with SIGKILL at random moments, again and again, and resume it each time.

At the end its weights, its losses and its samples must be, byte by byte, those of a run that nobody killed.

    python benchmarks/kill_and_resume.py                    # 200 kills
    python benchmarks/kill_and_resume.py --kills 20         # as the test suite does

Each life of the run is a process of its own, forked from this one, which has imported torch but never used it:
so a life costs milliseconds to begin, and most kills fall into training and saving. Prints one JSON object.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

from riverrun.config.building import build_settings
from riverrun.training.clock import Clock
from riverrun.training.journal import read_lines
from riverrun.training.run import Request, run

STEPS = 150
SETTINGS = {
    "model.core": "lstm",
    "model.hidden": 16,
    "model.embedding": 8,
    "model.layers": 2,
    "model.dropout": 0.3,
    "training.batch": 4,
    "training.chunk": 8,
    "training.threads": 1,
    "training.warmup": 5,
    "training.evaluate_every": 40,
    "training.checkpoint_every": 2,
    "training.preview_length": 8,
    "training.preview_temperatures": "0.5",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="kills at least (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary directory)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        os.environ["RIVERRUN_CACHE"] = str(folder / "cache")
        report = kill_and_resume(folder, options.kills, options.seed)
    print(json.dumps(report))
    return 0 if report["identical"] else 1


def kill_and_resume(folder: Path, kills: int, seed: int) -> dict:
    """Train once in peace, then under fire as often as it takes; compare."""
    began, draw = time.monotonic(), random.Random(seed)
    corpus = folder / "text.txt"
    corpus.write_text(
        " ".join(draw.choice(("river", "run", "past", "eve", "and")) for _ in range(1500)), "utf-8"
    )
    begin_life(corpus, folder / "first").wait()  # fills the cache
    expected, startup = folder / "peaceful", 0.0
    life = begin_life(corpus, expected)
    while not (expected / "metrics.jsonl").exists():
        time.sleep(0.001)
    startup = time.time() - life.born
    assert life.wait() == 0

    moments: Counter[str] = Counter()
    identical, runs = True, 0
    while moments.total() < kills:
        hunted = folder / f"hunted-{runs}"
        runs += 1
        while moments.total() < kills:
            life = begin_life(corpus, hunted)
            time.sleep(draw.uniform(0, 3 * startup))
            if life.kill() == 0:
                break  # it had already finished
            moments[moment(hunted, life.born)] += 1
        assert begin_life(corpus, hunted).wait() == 0
        identical &= results(hunted) == results(expected)
    return {
        "kills": moments.total(),
        "moments": dict(moments),
        "runs": runs,
        "steps": STEPS,
        "seconds": round(time.monotonic() - began, 1),
        "identical": identical,
    }


class Life:
    """A process that trains, from the beginning or from where the last one died."""

    def __init__(self, number: int) -> None:
        self.number, self.born = number, time.time()

    def kill(self) -> int:
        """Kill it at once; its exit code, negative for the signal that ended it."""
        os.kill(self.number, signal.SIGKILL)
        code = self.wait()
        assert code in (0, -signal.SIGKILL), "a resumed run failed"
        return code

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])


def begin_life(corpus: Path, output: Path) -> Life:
    process = os.fork()
    if process:
        return Life(process)
    try:
        settings = build_settings(SETTINGS, {"budget.steps": STEPS})
        resume = (output / "request.json").exists()
        for _ in run(Request((str(corpus),), output, settings, resume, overwrite=not resume), Clock()):
            pass
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        os._exit(1)
    os._exit(0)


def moment(output: Path, born: float) -> str:
    """What the process was doing when it was killed."""
    if any(part.stat().st_mtime >= born for part in output.rglob(".*.part")):
        return "saving"
    journal = output / "metrics.jsonl"
    return "training" if journal.exists() and journal.stat().st_mtime >= born else "starting"


def results(output: Path) -> tuple:
    """All that a run leaves, without what a clock says and without the record of its lives."""
    lines = [
        line for line in read_lines(output / "metrics.jsonl") if line["event"] in ("progress", "evaluated")
    ]
    for line in lines:
        line.pop("seconds"), line.pop("tokens_per_second", None)
    files = ("model.safetensors", "tokenizer.json", "config.toml", "samples.jsonl")
    return (*((output / name).read_bytes() for name in files), lines)


if __name__ == "__main__":
    raise SystemExit(main())
