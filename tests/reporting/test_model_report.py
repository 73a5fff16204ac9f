"""The page of a model: whole by itself, with what was promised on it."""

import random
import re
import shutil
from xml.etree import ElementTree

import pytest

import tiny
import tiny_pairs
from riverrun.cli.main import main


def test_the_page_is_one_file_that_holds_everything(trained, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", str(trained), "-o", str(page)]) == 0
    printed, said = capsys.readouterr()
    assert printed.strip() == str(page)
    assert said.startswith("reading the training text ...\n")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    text = page.read_text(encoding="utf-8")
    for heading in ("Loss against time", "Samples by step", "Copying", "Surprisal", "Settings"):
        assert heading in text
    assert "model.hidden" in text
    assert "temperature 0.5" in text
    assert "new 4-grams" in text
    assert re.search(r"On held-out text: [\d.]+ bits per character", text)
    assert re.search(r"longest stretch it took over has \d+ symbols, blanks not counted: “[^”]+”", text)
    assert re.search(r"Of its \d+ whole lines \d+ \(\d+%\) stand in the training text", text)
    assert "Held out was the end of the text" in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:)', text)  # nothing from outside


def test_curves_are_drawn_a_single_evaluation_too(corpus, tmp_path):
    tiny.train(corpus, tmp_path / "m", budget__steps=3)
    assert main(["report", str(tmp_path / "m")]) == 0
    text = (tmp_path / "m-report.html").read_text(encoding="utf-8")
    svg = ElementTree.fromstring(re.search(r"<svg.*?</svg>", text, re.DOTALL)[0])
    points = [each for each in svg.iter("circle") if each.get("class") == "c1"]
    assert points
    for point in points:
        assert 0 < float(point.get("cx")) < 760
        assert 0 < float(point.get("cy")) < 300


def test_a_held_out_file_may_be_named_as_seen_from_here(corpus, tmp_path, monkeypatch):
    (tmp_path / "held out.txt").write_text(tiny.text(150, seed=7))
    monkeypatch.chdir(tmp_path)
    tiny.train(corpus, tmp_path / "m", data__validation="held out.txt")
    monkeypatch.chdir("/")
    assert main(["report", str(tmp_path / "m")]) == 0
    assert "It cannot be read" not in (tmp_path / "m-report.html").read_text(encoding="utf-8")


def test_a_held_out_file_is_what_was_held_out(corpus, tmp_path, monkeypatch):
    held_out = tmp_path / "held out.txt"
    held_out.write_text(tiny.text(150, seed=7))
    tiny.train(corpus, tmp_path / "m", data__validation=str(held_out))
    assert main(["report", str(tmp_path / "m")]) == 0
    text = (tmp_path / "m-report.html").read_text(encoding="utf-8")
    assert f"Held out was the file {held_out}, {len(held_out.read_text()):,} characters" in text
    held_out.unlink()
    assert main(["report", str(tmp_path / "m")]) == 0
    assert "Held-out text</h2>\n<p>It cannot be read" in (tmp_path / "m-report.html").read_text(
        encoding="utf-8"
    )


def test_lines_that_are_learned_by_heart_are_counted(tmp_path):
    names = [f"{first}{last}" for first in tiny.WORDS[:10] for last in tiny.WORDS[:10]] * 5
    random.Random(0).shuffle(names)
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n")
    with pytest.warns(UserWarning, match="held-out lines .* are in the training text too"):
        tiny.train(tmp_path / "names.txt", tmp_path / "m", budget__steps=30, training__learning_rate=0.02)
    assert main(["report", str(tmp_path / "m")]) == 0
    text = (tmp_path / "m-report.html").read_text(encoding="utf-8")
    share = re.search(r"of (\d+) held-out lines \((\d+)%\) stand in the training text too", text)
    assert int(share[2]) > 80


def test_a_web_page_that_was_learned_is_found_again(tmp_path):
    (tmp_path / "page.html").write_text(f"<pre>{tiny.text()}</pre>")
    tiny.train(tmp_path / "page.html", tmp_path / "m")
    assert main(["report", str(tmp_path / "m")]) == 0
    assert "Copying" in (tmp_path / "m-report.html").read_text(encoding="utf-8")


def test_without_the_training_text_it_says_so(trained, corpus, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    (copy / "request.json").unlink()
    assert main(["report", str(copy)]) == 0
    assert "give it with --text" in (tmp_path / "copy-report.html").read_text(encoding="utf-8")
    assert main(["report", str(copy), "--text", str(corpus)]) == 0
    assert "longest stretch it took over" in (tmp_path / "copy-report.html").read_text(encoding="utf-8")


def test_damaged_lines_of_the_journal_are_passed_over(trained, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    for name in ("metrics.jsonl", "samples.jsonl"):
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(b"\xff" + content[1 : len(content) - 5])
    assert main(["report", str(copy)]) == 0
    assert "Loss against time" in (tmp_path / "copy-report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{model}", "--text", "{other}"], "is not the text that"),
        (["{other}"], "no such model directory"),
    ],
)
def test_bad_input(arguments, complaint, trained, tmp_path, capsys):
    other = tmp_path / "other.txt"
    other.write_text("another text")
    given = [argument.format(model=trained, other=other) for argument in arguments]
    assert main(["report", *given, "-o", str(tmp_path / "page.html")]) == 2
    assert complaint in capsys.readouterr().err


def test_a_translator_has_a_page_too(translated, pairs, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", str(translated), "-o", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    text = page.read_text(encoding="utf-8")
    for heading in ("Loss against time", "Samples by step", "Held-out pairs", "Settings"):
        assert heading in text
    assert "✓ " in text  # a held-out word that is right
    assert 'class="attention"' in text
    copy = tmp_path / "copy"
    shutil.copytree(translated, copy)
    (copy / "request.json").unlink()
    assert main(["report", str(copy)]) == 0
    assert "give it with --text" in (tmp_path / "copy-report.html").read_text(encoding="utf-8")
    assert main(["report", str(copy), "--text", str(pairs)]) == 0
    assert "✓ " in (tmp_path / "copy-report.html").read_text(encoding="utf-8")


def test_what_was_held_out_may_be_a_file(tmp_path):
    path = tiny_pairs.write(tmp_path / "p.tsv", tiny_pairs.pronunciations(30))
    other = tiny_pairs.write(tmp_path / "v.tsv", [("aaaaaaa", "wanted here")])
    tiny_pairs.train(path, tmp_path / "m", steps=2, data__validation=str(other), model__attention="none")
    assert main(["report", str(tmp_path / "m")]) == 0
    text = (tmp_path / "m-report.html").read_text(encoding="utf-8")
    assert "wanted here" in text
    assert 'class="attention"' not in text
    other.unlink()
    assert main(["report", str(tmp_path / "m")]) == 0
    assert "They cannot be read" in (tmp_path / "m-report.html").read_text(encoding="utf-8")
