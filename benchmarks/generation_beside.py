"""Speed of generation and scoring beside another version of riverrun, in turn, on one model that both can read.

    python benchmarks/generation_beside.py MODEL --other PYTHON [--turns N]

``--other`` is the interpreter of an environment with the other version (0.1.0 is commit 2207d63). Every figure is
the median of several turns, and every ratio that of the turns' ratios, so that what else the machine does weighs on
both. A ratio of 0.97 or more means as fast as before; that of seconds is inverted for this.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence

from results import table

WAYS = ((), ("--n", "64"), ("--precision", "bf16"))
FIGURES = ("symbols_per_second", "score_characters_per_second", "first_symbol_seconds")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--other", required=True, help="the other version's Python")
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args(arguments)
    rows = []
    for way in WAYS:
        rounds = [
            (bench(sys.executable, options.model, way), bench(options.other, options.model, way))
            for _ in range(options.turns)
        ]
        for figure in FIGURES:
            ours, theirs = zip(*((a[figure], b[figure]) for a, b in rounds), strict=True)
            rates = figure.endswith("per_second")
            ratios = [a / b if rates else b / a for a, b in zip(ours, theirs, strict=True)]
            medians = [statistics.median(each) for each in (ours, theirs, ratios)]
            rows.append([" ".join(way) or "one sequence", figure, *(f"{each:,.3f}" for each in medians)])
    print(table(["way", "figure", "this version", "the other", "ratio"], rows))


def bench(python: str, model: str, way: Sequence[str]) -> dict[str, float]:
    """What ``riverrun bench`` of an environment reports."""
    command = [python, "-m", "riverrun.cli.main", "bench", model, "--json", "--seconds", "1", *way]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if python == sys.executable and "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
