"""``riverrun show``: a page for people, everything as JSON."""

import json
import re
import shlex

import pytest

import riverrun
from riverrun.cli.main import main


@pytest.fixture
def shown(capsys):
    def run(*arguments: object) -> str:
        assert main(["show", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    return run


def test_says_what_it_is_how_good_and_what_next(shown, trained):
    page = shown(trained)
    said = " ".join(page.split())
    for part in (
        "a language model of char",
        "LSTM 1 x 16",
        "40 steps",
        "epochs",
        "bits per character",
        "zlib",
    ):
        assert part in said
    assert "model.hidden 16" in said
    assert "the fewer bits the better" in said
    assert page.count("\n") < 30
    assert all(len(line) <= 110 for line in page.splitlines() if "riverrun " not in line)


def test_its_commands_can_be_typed(shown, trained):
    lines = [line.split("#")[0].strip() for line in shown(trained).splitlines() if "#" in line]
    commands = [line.removeprefix("next").strip() for line in lines]
    assert len(commands) >= 3
    assert all(shlex.split(command)[0] == "riverrun" for command in commands)


def test_a_translator_is_judged_by_its_outputs(shown, translated):
    page = " ".join(shown(translated).split())
    assert "a translator of" in page
    assert "symbol error rate the faults for each symbol wanted" in page
    assert "riverrun translate" in page


def test_json_is_raw(shown, trained):
    report = json.loads(shown(trained, "--json"))
    assert set(report) == {"model", "parameters", "vocabulary", "facts", "settings"}
    assert report["facts"]["steps"] == 40
    assert report["settings"]["model"]["hidden"] == 16


def test_a_model_that_went_on_learning(shown, trained, tmp_path):
    (tmp_path / "news.txt").write_text("the river runs on and on; " * 20)
    riverrun.load(trained).adapt(tmp_path / "news.txt", tmp_path / "after")
    said = " ".join(shown(tmp_path / "after").split())
    assert re.search(r"then it went on learning from \S*news\.txt", said)
    assert "not measured: it went on learning" in said
