"""Installs the wheel in a fresh environment outside the checkout and runs the README's commands with it.

``try_wheel.py WHEEL`` is run by the Python of an environment that has riverrun's dependencies: the fresh one borrows
them (they are what pip would install, and torch need not be downloaded again), but not riverrun itself, and nothing of
the checkout. ``--own`` installs the dependencies as well.
"""

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

SHORT = "--steps 3 --model.hidden 8 --training.batch 2 --training.threads 1 --training.preview-length 4"
ELSEWHERE = ("data get", "tinyshakespeare", "nietzsche", "reproduce", "riverrun serve", "riverrun play")
LINE = "the spirit of an age is a river that runs where it will, and we call it ours; see 42 or 7!\n"

FIRST = """
import importlib.metadata, re, riverrun, sys
from pathlib import Path
from packaging.requirements import Requirement
assert Path(riverrun.__file__).is_relative_to(sys.prefix), riverrun.__file__
for line in importlib.metadata.requires("riverrun"):
    needed = Requirement(line)
    if needed.marker is None or needed.marker.evaluate({"extra": ""}):
        found = importlib.metadata.version(needed.name)
        assert needed.specifier.contains(found, prereleases=True), f"{line}: {found} is installed"
print(importlib.metadata.metadata("riverrun").get_payload() or importlib.metadata.metadata("riverrun")["Description"])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--own", action="store_true", help="install the dependencies as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="riverrun-wheel-") as name:
        folder = Path(name)
        programs = _environment(folder / "environment", options.wheel.resolve(), options.own)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        environment = kept | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "RIVERRUN_CACHE": str(folder / "cache"),
        }
        work, elsewhere = _texts(folder / "commands"), _texts(folder / "python")
        python = [str(programs / "python"), "-c"]
        readme = _run([*python, FIRST], work, environment)
        commands, pages = _commands(readme), re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S)
        for command in commands:
            print(f"$ {command}", flush=True)
            _run(["bash", "-e", "-o", "pipefail", "-c", command], work, environment)
        for page in pages:
            _run([*python, re.sub(r"(minutes|epochs|steps)=[\d.]+", "steps=3", page)], elsewhere, environment)
    print(
        f"{len(commands)} commands and {len(pages)} Python pages of the README run from {options.wheel.name}"
    )


def _environment(path: Path, wheel: Path, own: bool) -> Path:
    """A fresh environment with the wheel; returns the directory of its programs."""
    venv.create(path, with_pip=True)
    programs = path / ("Scripts" if os.name == "nt" else "bin")
    (site,) = path.glob("Lib/site-packages") if os.name == "nt" else path.glob("lib/*/site-packages")
    if (
        not own
    ):  # a plain path: the links of the other environment (such as an editable riverrun) are not followed
        (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *([] if own else ["--no-deps"]), str(wheel)], check=True, cwd=path)
    return programs


def _texts(folder: Path) -> Path:
    """A directory with the texts that the README speaks of."""
    folder.mkdir()
    (folder / "book.txt").write_text(LINE * 40, encoding="utf-8")
    rows = "".join(f"{word} {n}\t{n} {word[::-1]}\n" for word in LINE.split() for n in range(5))
    (folder / "pairs.tsv").write_text(rows, encoding="utf-8")
    return folder


def _commands(readme: str) -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", readme, re.M | re.S)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    here = [line for line in lines if not any(word in line for word in ELSEWHERE)]
    return [re.sub(r"--(minutes|epochs|steps) \S+", SHORT, line) for line in here]


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode or b"Traceback" in done.stderr:
        sys.exit(f"{command[-1]}\nended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


if __name__ == "__main__":
    main()
