"""Virtual environments of the systems we measure against, kept under ``.bench/``."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BENCH = ROOT / ".bench"
DATA = ROOT.parent / "shared" / "data"


def environment(name: str, *packages: str, without: tuple[str, ...] = ()) -> Path:
    """The Python of a peer's virtual environment, made at the first call.

    Args:
        name: of its folder.
        packages: what pip installs.
        without: packages that come with these and are taken away again.
    """
    folder = BENCH / name
    done = folder / ".installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *packages], check=True)
        if without:
            subprocess.run(
                [str(folder / "bin" / "pip"), "uninstall", "--quiet", "--yes", *without], check=True
            )
        done.touch()
    return folder / "bin" / "python"


def run(python: Path, *arguments: str, **variables: str) -> str:
    """Standard output of a Python command."""
    surroundings = {**os.environ, **variables}
    result = subprocess.run([str(python), *arguments], check=True, stdout=subprocess.PIPE, env=surroundings)
    return result.stdout.decode()
