"""The page's JavaScript is typed soundly, and its kernel is what its source says."""

import os
import subprocess
from pathlib import Path

import pytest

from page_engine import node

ROOT = Path(__file__).parents[2]


def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A script of Node, run at the root; skipped without npm's packages, but not in CI."""
    if not (ROOT / "node_modules" / "wabt").exists():
        reason = "npm's packages are not installed: make test does it, or npm ci"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    command = [node(), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_kernel_is_its_source_assembled():
    built = tool("tools/build_kernel.mjs", "--print")
    assert built.returncode == 0, built.stderr
    stored = ROOT / "src" / "riverrun" / "page" / "engine" / "kernel_binary.js"
    assert built.stdout == stored.read_text(encoding="utf-8"), "npm run kernel writes it anew"


def test_types():
    checked = tool("node_modules/typescript/bin/tsc", "--project", "src/riverrun/page/jsconfig.json")
    assert checked.returncode == 0, checked.stdout
