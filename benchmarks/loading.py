"""How long loading a model takes: of this version, and of another beside it.

    python benchmarks/loading.py MODEL... [--beside SRC] [--times N]

Every model is loaded in fresh processes, this version and the other in turn; medians in milliseconds of what
``riverrun.load`` takes there, once riverrun and numpy are imported, and of the second load in the same process.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

LOAD = """
import sys, time
import numpy
import riverrun
import riverrun.api
began = time.perf_counter()
riverrun.load(sys.argv[1])
first = time.perf_counter()
riverrun.load(sys.argv[1])
print(1e3 * (first - began), 1e3 * (time.perf_counter() - first))
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--beside", type=Path, help="the src directory of another version")
    parser.add_argument("--times", type=int, default=21)
    options = parser.parse_args()
    sources = {"this": Path(__file__).parents[1] / "src"}
    if options.beside is not None:
        sources["beside"] = options.beside
    for model in options.models:
        found: dict[str, list[tuple[float, ...]]] = {name: [] for name in sources}
        for _ in range(options.times):
            for name, source in sources.items():
                found[name].append(load(model, source))
        medians = {
            name: [round(statistics.median(each), 2) for each in zip(*times, strict=True)]
            for name, times in found.items()
        }
        print(json.dumps({"model": str(model), "first and second load, ms": medians}))
    return 0


def load(model: Path, source: Path) -> tuple[float, ...]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, "-c", LOAD, str(model)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


if __name__ == "__main__":
    raise SystemExit(main())
