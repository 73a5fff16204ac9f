"""The wheel, installed in a fresh environment outside the checkout, runs the commands of the README."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_runs_the_readme_outside_the_checkout(tmp_path):
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True)
    (wheel,) = tmp_path.glob("riverrun-*.whl")
    tried = [sys.executable, str(ROOT / "tools" / "try_wheel.py"), str(wheel)]
    done = subprocess.run(tried, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"of the README run from {wheel.name}" in done.stdout
