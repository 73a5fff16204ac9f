"""The page of a model: whole by itself, with what was promised on it."""

import re
import shutil

import pytest

import tiny_pairs
from riverrun.cli.main import main


def test_the_page_holds_everything(trained, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", str(trained), "-o", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    text = page.read_text(encoding="utf-8")
    for heading in ("Loss against time", "Samples by step", "Copying", "Surprisal", "Settings"):
        assert heading in text
    assert "model.hidden" in text
    assert "temperature 0.5" in text
    assert "new 4-grams" in text
    assert re.search(r"[\d.]+ bits per character", text)
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:)', text)  # nothing from outside
    assert (tmp_path / "page-loss.png").read_bytes().startswith(b"\x89PNG")


def test_without_the_training_text_it_says_so(trained, corpus, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    (copy / "request.json").unlink()
    assert main(["report", str(copy)]) == 0
    assert "give it with --text" in (tmp_path / "copy-report.html").read_text(encoding="utf-8")
    assert main(["report", str(copy), "--text", str(corpus)]) == 0
    assert "longest copied" in (tmp_path / "copy-report.html").read_text(encoding="utf-8")


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
