"""Gives riverrun what people give, made at random: ``fuzz_inputs.py [COUNT] [--first K] [--seconds S]``.

Texts, pairs, settings files and command lines (tests/fuzz_cases.py). Each case must end with exit code 0, or with one
line and 1 or 2: no traceback, no flood, no more than ten seconds, no more than a gigabyte beyond what is loaded.
A worker process runs the cases one after the other; one that hangs is ended, and the next begins behind that case.
``fuzz_inputs.py --first K 1`` runs case K alone.
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import fuzz_cases

PATIENCE = 60.0  # seconds without a word from a worker before it is ended: some calls cannot be interrupted
GIGABYTE = 1 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first case")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    options = parser.parse_args()
    began, case, faults = time.monotonic(), options.first, []
    place = (
        "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    )  # where nothing is waited for that is flushed
    with tempfile.TemporaryDirectory(prefix="riverrun-fuzz-", dir=place) as folder:
        models = _models(Path(folder))
        while case < options.first + options.count and time.monotonic() - began < options.seconds:
            case = _worker_from(case, options, began, Path(folder), models, faults)
    seconds = time.monotonic() - began
    print(f"{case - options.first:,} cases in {seconds:.0f} s: {len(faults)} faults")
    raise SystemExit(1 if faults else 0)


def _worker_from(
    case: int, options, began: float, folder: Path, models: tuple[Path, Path], faults: list
) -> int:
    """Run cases in one process until all are done or it is ended; returns the next case."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    last = options.first + options.count
    worker = multiprocessing.get_context("spawn").Process(
        target=_work, args=(theirs, case, last, folder, models)
    )
    worker.start()
    theirs.close()
    try:
        while case < last and time.monotonic() - began < options.seconds:
            if not ours.poll(PATIENCE):
                _report(fuzz_cases.Fault(case, f"no end in {PATIENCE:g} s", (), ""), faults)
                return case + 1
            fault = ours.recv()
            if fault is not None:
                _report(fault, faults)
            case += 1
            if case % 1000 == 0:
                print(f"{case:,} cases, {len(faults)} faults", file=sys.stderr)
        return case
    except EOFError:
        _report(fuzz_cases.Fault(case, "the process died", (), ""), faults)
        return case + 1
    finally:
        worker.kill()
        worker.join()


def _work(channel: Connection, first: int, last: int, folder: Path, models: tuple[Path, Path]) -> None:
    """Run cases and send what is wrong with each."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _hang)
    os.environ["RIVERRUN_CACHE"] = str(folder / "cache")
    for case in range(first, last):
        place = folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        os.chdir(place)
        before = _memory()
        if hasattr(signal, "SIGALRM"):
            signal.alarm(int(fuzz_cases.SECONDS) + 1)
        fault = fuzz_cases.run_case(case, place, *models)
        if fault is not None and fault.slow:  # once more, since others may have had the machine
            if hasattr(signal, "SIGALRM"):
                signal.alarm(int(fuzz_cases.SECONDS) + 1)
            fault = fuzz_cases.run_case(case, place, *models)
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)
        if fault is None and _memory() - before > GIGABYTE:
            fault = fuzz_cases.Fault(case, "more than a gigabyte", (), "")
        if case % 500 == 0:
            shutil.rmtree(folder / "cache" / "ids", ignore_errors=True)
        channel.send(fault)


def _hang(number: int, frame: object) -> None:
    if threading.current_thread() is threading.main_thread():
        raise fuzz_cases.Hang


def _memory() -> int:
    """Bytes held at the most so far; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _models(folder: Path) -> tuple[Path, Path]:
    """A small language model and a small translator."""
    import tiny
    import tiny_pairs

    os.environ["RIVERRUN_CACHE"] = str(folder / "cache")
    text = folder / "river.txt"
    text.write_text(tiny.text(), encoding="utf-8")
    tiny.train(text, folder / "language")
    tiny_pairs.train(
        tiny_pairs.write(folder / "pairs.tsv", tiny_pairs.pronunciations()), folder / "translator", steps=20
    )
    fuzz_cases.warm_up(folder / "language", folder / "translator")
    return folder / "language", folder / "translator"


def _report(fault: fuzz_cases.Fault, faults: list) -> None:
    faults.append(fault)
    arguments = tuple(argument[:80] for argument in fault.arguments)
    print(f"case {fault.case}: {fault.what}\n  riverrun {arguments}\n  {fault.said[-1000:]}", flush=True)


if __name__ == "__main__":
    main()
