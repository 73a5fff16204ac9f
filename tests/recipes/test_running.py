"""Every recipe runs, shortened; the table compares what it should."""

import json
import re
import warnings
from dataclasses import replace

import pytest

from riverrun.cli.main import main
from riverrun.data import library
from riverrun.errors import CorpusError, InputError
from riverrun.recipes import running
from riverrun.recipes.catalogue import RECIPES, find_recipe
from riverrun.recipes.recipe import Outcome, Point, comparison_rows, row_verdict
from riverrun.reporting.recipe_report import write_recipe_report

PREVIEWS = "training.preview_length"
SMALL = {"model.hidden": 8, "training.threads": 1}
LINES = {"addition-3-reversed": 60, "addition-3-equal": 60}  # of 50,000 pairs


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Small texts under the names of the real ones."""
    folder = tmp_path_factory.mktemp("data")
    english = "the spirit of the age is the age of the spirit; and so it goes on. "
    (folder / "nietzsche.txt").write_text(english * 30, encoding="utf-8")
    (folder / "luxun.txt").write_text(
        "我在年青时候也曾经做过许多梦，后来大半忘却了。但自己也不以为可惜！\n" * 40, "utf-8"
    )
    pairs = "".join(f"word {i}.\t第{i}个字就是这个字。\n" for i in range(60))
    for name in ("eng-cmn.tsv", "eng-fra.tsv"):
        (folder / name).write_text(pairs, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_runs_on_a_shortened_budget(name, data, tmp_path, monkeypatch):
    recipe = find_recipe(name)
    smaller = tuple(
        replace(e, settings={PREVIEWS: 20, **e.settings, **SMALL}, lines=LINES.get(e.source))
        for e in recipe.experiments
    )
    recipe = replace(recipe, experiments=smaller, side_by_side=False)
    monkeypatch.setitem(RECIPES, name, recipe)
    outcomes = list(running.run(recipe, tmp_path, epochs=1, seeds=1, data=data))
    assert len(outcomes) == len(recipe.experiments)
    for outcome in outcomes:
        table = comparison_rows(outcome)
        reachable = [point for point in outcome.experiment.points if (point.epoch or 1) <= 1]
        assert [row.figure for row in table] == [point.label for point in reachable]
    page = write_recipe_report(tmp_path, recipe, outcomes).read_text(encoding="utf-8")
    assert all(f"What {e.name} wrote" in page for e in recipe.experiments if e.settings.get(PREVIEWS, 1))
    if name in ("addition", "eng-cmn", "eng-fra"):
        assert all(text in page for text in ("learned from", "held out", "Where attention looked", "∎"))


def test_a_recipe_on_the_command_line(tmp_path, capsys):
    command = ["reproduce", "alphabet", "--epochs", "1", "--seeds", "1", "-o", str(tmp_path), "--json"]
    assert main(command) == 0
    (report,) = json.loads(capsys.readouterr().out)["recipes"]
    assert {row["experiment"] for row in report["rows"]} == {
        e.name for e in find_recipe("alphabet").experiments
    }
    assert report["rows"][0]["published"] == 0.8
    page = (tmp_path / "alphabet" / "report.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page
    assert "http" not in page
    assert (tmp_path / "alphabet" / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_the_list(capsys):
    assert main(["reproduce"]) == 0
    assert {"alphabet", "nietzsche-book"} <= set(capsys.readouterr().out.split())
    assert main(["reproduce", "--json"]) == 0
    assert {r["name"] for r in json.loads(capsys.readouterr().out)["recipes"]} == set(RECIPES)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["alphabett"], "no recipe is called alphabett; did you mean alphabet?"),
        (["alphabet", "--epochs", "0"], "--epochs 0: must be above 0"),
        (["alphabet", "--epochs", "-1"], "--epochs -1: must be above 0"),
        (["alphabet", "--seeds", "0"], "--seeds 0: must be above 0"),
        (["alphabet", "--epochs", "nan"], "--epochs nan: must be above 0"),
        (
            ["eng-fra", "--data", "/nowhere"],
            "eng-fra.tsv is not in /nowhere: give its directory with --data DIR",
        ),
        (["alphabet", "--epochs", "1e10"], "--epochs 1e+10: must be above 0 and at most 1e+09"),
        (["addition", "eng-fra", "--data", "/nowhere"], "eng-fra.tsv is not in /nowhere"),  # before any runs
    ],
)
def test_bad_input(arguments, complaint, tmp_path, own_cache, capsys):
    assert main(["reproduce", *arguments, "-o", str(tmp_path / "out")]) == 2
    printed, error = capsys.readouterr()
    assert not printed
    assert complaint in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "way"),
    [
        (
            "nietzsche-book",
            "nietzsche.txt is not in .*--data DIR, or fetch it with riverrun data get nietzsche$",
        ),
        ("eng-cmn", "eng-cmn.tsv is not in .* riverrun data get eng-cmn$"),
        ("luxun", "luxun.txt is not in .*no public address .* give that with --data DIR$"),
    ],
)
def test_missing_data_says_how_to_give_it(name, way, tmp_path, own_cache, capsys):
    with pytest.raises(CorpusError, match=way) as error:
        list(running.run(find_recipe(name), tmp_path / "out", data=tmp_path))
    for suggested in re.findall(r"riverrun data get (\S+)", str(error.value)):
        assert suggested in library.DOWNLOADS


@pytest.mark.parametrize(
    ("name", "text", "warning"),
    [
        ("luxun-words", "Only English here, and no Chinese.\n" * 20, "the text has no Chinese"),
        ("luxun-clauses", "没有标点的中文\n又一行没有标点\n" * 20, "the text has no punctuation"),
    ],
)
def test_a_text_that_does_not_suit_a_unit_is_allowed_and_named(name, text, warning, tmp_path, capsys):
    (tmp_path / "luxun.txt").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        command = ["reproduce", name, "--epochs", "1", "--data", str(tmp_path), "-o", str(tmp_path / "out")]
        assert main(command) == 0
    printed, said = capsys.readouterr()
    assert any(warning in line for line in said.splitlines() if line.startswith("warning: "))
    assert set(re.findall(r"\d+ (?:epoch|minute)s?(?=;)", printed)) == {"1 epoch"}


def test_a_text_that_is_none_is_refused(tmp_path, capsys):
    (tmp_path / "eng-fra.tsv").write_bytes(b"Go.\tVa \xff\n")
    assert main(["reproduce", "eng-fra", "--data", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "eng-fra.tsv is not UTF-8 text" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["reproduce", "alphabet", "-o", str(tmp_path / "file")]) == 2
    assert "choose another --output" in capsys.readouterr().err


def test_unknown_names():
    with pytest.raises(InputError, match="known are alphabet"):
        find_recipe("zzzzzz")


def test_verdicts():
    point = Point("accuracy", 0.8, 0.1)
    assert row_verdict(point, 0.88, False) == "met"
    assert row_verdict(point, 0.5, False) == "not met"
    assert row_verdict(point, 0.5, True) == "shortened"
    assert row_verdict(Point("loss", 1.4, None), 2.0, False) == "explained"
    assert row_verdict(Point("loss"), 2.0, False) == ""


def test_seeds_are_averaged(tmp_path):
    experiment = replace(find_recipe("alphabet").experiments[0], points=(Point("accuracy", 0.8, 0.1),))
    outcome = Outcome(experiment, ({"accuracy": 0.7}, {"accuracy": 0.9}), (1.0, 3.0), (tmp_path, tmp_path))
    (row,) = comparison_rows(outcome)
    assert row.mean == pytest.approx(0.8)
    assert row.spread == pytest.approx(0.1414, abs=1e-3)
    assert (row.seconds, row.verdict) == (2.0, "met")
