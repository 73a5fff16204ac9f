"""What a budget in minutes becomes beside a busy program that comes and goes.

    python benchmarks/busy_neighbour.py [--text FILE] [--minutes 0.5]

Runs the same training alone; beside one busy loop from its start to its end, with one thread set and with their number
left open; and beside one that is there in the middle third alone. What the machine allows is one thread's steps while
the loop runs, and the quiet run's else.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from results import table, write_section

LOOP = [sys.executable, "-c", "while True: pass"]


@contextmanager
def neighbour(after: float, until: float):
    """A busy loop from so many seconds on to so many."""

    def live():
        if ended.wait(after):
            return
        loop = subprocess.Popen(LOOP)
        ended.wait(until - after)
        loop.kill()
        loop.wait()

    ended = threading.Event()
    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def trained(text: str, minutes: float, *more: str) -> tuple[int, float]:
    """Steps made, and seconds that the command took."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "riverrun.cli.main", "train", text, "--minutes", str(minutes)),
            *("-o", str(Path(folder) / "m"), "--json", "--training.preview-length", "0", *more),
        ]
        began = time.monotonic()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["steps"], time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", default="python-docs")
    parser.add_argument("--minutes", type=float, default=0.5)
    options = parser.parse_args()
    total = 60 * options.minutes
    quiet = trained(options.text, options.minutes)
    with neighbour(0, 10 * total):
        one = trained(options.text, options.minutes, "--training.threads", "1")
    with neighbour(0, 10 * total):
        beside = trained(options.text, options.minutes)
    with neighbour(total / 3, 2 * total / 3):
        middle = trained(options.text, options.minutes)
    mixed = (2 * quiet[0] + one[0]) / 3
    rows = [
        ("alone", *quiet, quiet[0]),
        ("beside a busy loop, one thread set", *one, one[0]),
        ("beside a busy loop", *beside, one[0]),
        ("a busy loop in the middle third", *middle, mixed),
    ]
    header = ["", "steps", "seconds of the command", "of the budget", "of the steps that the machine allows"]
    shown = [
        [name, f"{steps:,}", f"{seconds:.1f}", f"{seconds / total:.0%}", f"{steps / allowed:.0%}"]
        for name, steps, seconds, allowed in rows
    ]
    command = f"python benchmarks/busy_neighbour.py --text {options.text} --minutes {options.minutes:g}"
    write_section("busy", "A budget in minutes beside a busy program", command, table(header, shown))


if __name__ == "__main__":
    main()
