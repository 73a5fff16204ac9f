"""How long ``riverrun score --lines`` takes for 100,000 lines of 10 words.

    python benchmarks/score_lines.py MODEL TEXT

MODEL should be a character model of 1 x 256; the lines are words of TEXT in random order.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINES, WORDS = 100_000, 10
RIVERRUN = (sys.executable, "-m", "riverrun.cli.main")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("text", type=Path)
    parser.add_argument("--lines", type=int, default=LINES)
    options = parser.parse_args()
    words, draw = options.text.read_text(encoding="utf-8").split(), random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.txt"
        lines = [" ".join(draw.choices(words, k=WORDS)) for _ in range(options.lines)]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        began = time.perf_counter()
        command = [*RIVERRUN, "score", options.model, str(path), "--lines"]
        rows = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.count(b"\n") - 1
        seconds = time.perf_counter() - began
    characters = sum(len(line) + 1 for line in lines)
    print(
        f"{rows:,} lines, {characters:,} characters in {seconds:.1f} s: {characters / seconds:,.0f} characters/s"
    )


if __name__ == "__main__":
    main()
