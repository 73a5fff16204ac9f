"""The commands and the Python page of the README run as they stand; only budgets are made shorter."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tiny

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SHORT = "--steps 3 --model.hidden 8 --training.batch 2 --training.threads 1 --training.preview-length 4"
ELSEWHERE = (
    "data get",
    "tinyshakespeare",
    "nietzsche",
    "reproduce",
    "serve",
    "riverrun play",
)  # these need a network, or a guest


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    here = [line[2:] for line in lines if not any(name in line for name in ELSEWHERE)]
    return [re.sub(r"--(minutes|epochs|steps) \S+", SHORT, line) for line in here]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory with the texts that the README speaks of."""
    (tmp_path / "book.txt").write_text(tiny.text())
    pairs = [f"{word} {number}\t{number} {word[::-1]}\n" for word in tiny.WORDS for number in range(5)]
    (tmp_path / "pairs.tsv").write_text("".join(pairs))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_run_one_after_another(folder):
    assert any(line.startswith("riverrun train book.txt") for line in commands())
    script = "set -e -o pipefail\n" + "\n".join(commands())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_every_flag_it_names_exists(capsys):
    from riverrun.cli.main import COMMANDS, main

    help_texts = []
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main([name, "--help-all" if name == "train" else "--help"])
        help_texts.append(capsys.readouterr().out)
    for flag in set(re.findall(r"(?<=[`\s])--[a-z][a-z.-]+", README)) - {"--index-url"}:
        assert any(re.search(rf"{re.escape(flag)}\b", text) for text in help_texts), flag


@pytest.mark.parametrize("page", blocks("python"))
def test_the_python_page_runs(page, folder):
    shortened = re.sub(r"(minutes|epochs|steps)=[\d.]+", "steps=3, settings=SETTINGS", page)
    exec(compile(shortened, "README.md", "exec"), {"SETTINGS": tiny.SETTINGS})
