"""UTF-8 in and out, whatever the locale says: arguments, names of files, standard input and output."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tiny

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOCALES = {
    "C": {"LC_ALL": "C"},
    "ASCII": ASCII,
    "ASCII streams": {"PYTHONIOENCODING": "ascii"},
    "Windows streams": {"PYTHONIOENCODING": "cp1252"},
    "all together": ASCII | {"PYTHONIOENCODING": "latin-1:strict"},
}
WORST = LOCALES["all together"]


def riverrun(environment: dict[str, str], *arguments: object, stdin: str = "") -> subprocess.CompletedProcess:
    """Run a command; everything goes in and comes out as bytes of UTF-8."""
    return subprocess.run(
        [sys.executable, "-m", "riverrun", *map(str, arguments)],
        env=os.environ | environment,
        input=stdin.encode(),
        capture_output=True,
        check=False,
    )


def output(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def renamed(trained, tmp_path) -> Path:
    """A model whose name is not ASCII."""
    return shutil.copytree(trained, tmp_path / "modèle 天", ignore=shutil.ignore_patterns("checkpoints"))


@pytest.mark.parametrize("name", LOCALES)
def test_a_prompt(name, renamed):
    done = riverrun(LOCALES[name], "generate", renamed, "天é", "--length", "5", "--seed", "1")
    assert output(done).startswith("天é")
    assert "'天'" in done.stderr.decode()


def test_a_locale_of_another_encoding(renamed, tmp_path):
    if shutil.which("localedef") is None:
        pytest.skip("localedef is not installed: no locale of another encoding can be made")
    made = subprocess.run(
        ["localedef", "-i", "en_US", "-f", "ISO-8859-1", tmp_path / "en_US.ISO-8859-1"],
        capture_output=True,
        check=False,
    )
    if made.returncode > 1:
        pytest.skip(f"localedef cannot make a locale here: {made.stderr.decode().strip()}")
    latin = {"LOCPATH": str(tmp_path), "LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0"}
    probe = [sys.executable, "-c", "import sys; print(sys.getfilesystemencoding())"]
    found = subprocess.run(probe, env=os.environ | latin, capture_output=True, text=True, check=True)
    assert found.stdout.strip() != "utf-8"
    assert output(riverrun(latin, "generate", renamed, "天é", "--length", "5")).startswith("天é")


def test_standard_input_and_json(renamed):
    report = json.loads(output(riverrun(WORST, "score", renamed, "--json", stdin="the é天")))
    assert report["characters"] == 6


def test_training(tmp_path):
    text = tmp_path / "日本.txt"
    text.write_text("天気 naïve\n" * 20 + tiny.text(), encoding="utf-8")
    settings = [f"--{key.replace('_', '-')}={value}" for key, value in tiny.SETTINGS.items()]
    done = riverrun(WORST, "train", text, "-o", tmp_path / "天", "--steps", "2", "--json", *settings)
    assert json.loads(output(done))["model"] == str(tmp_path / "天")
    assert f"model in {tmp_path / '天'}" in done.stderr.decode()
    assert "天" in json.loads((tmp_path / "天" / "tokenizer.json").read_text("utf-8"))["symbols"]
    assert "日本.txt" in output(riverrun(WORST, "show", tmp_path / "天"))


def test_pairs(tmp_path):
    rows = "".join(f"天{n}\té{n}é\n" for n in range(10, 99))
    (tmp_path / "paare.tsv").write_text(rows, encoding="utf-8")
    settings = ["--model.hidden=8", "--model.embedding=4", "--training.threads=1", "--steps=2"]
    model = tmp_path / "m"
    output(riverrun(WORST, "train", tmp_path / "paare.tsv", "-o", model, *settings))
    lines = output(riverrun(WORST, "translate", model, stdin="天12\n天34\n")).split("\n")
    assert len(lines) == 3
    scored = [riverrun(env, "translate", model, "天12", "--score", "é12é") for env in ({}, WORST)]
    assert output(scored[0]) == output(scored[1])
    assert scored[0].stderr == scored[1].stderr


def test_a_name_that_is_no_text_is_named_and_not_a_traceback(renamed, tmp_path):
    for environment in ({}, WORST):
        done = subprocess.run(
            [sys.executable, "-m", "riverrun", "score", os.fsencode(renamed), b"nosuch\xff"],
            env=os.environ | environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
        assert b"nosuch" in done.stderr
