"""A report about a stranger's model opens nothing but what can be its text, and shows what is in it as text."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import made
import tiny
from riverrun.bundle.names import METRICS, REQUEST, SAMPLES
from riverrun.cli.main import main
from riverrun.reporting.noted_texts import held_out_corpus, may_be_opened, training_corpus

REPORT = """
import sys
from riverrun.cli.main import main
raise SystemExit(main(["report", *sys.argv[1:]]))
"""


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def note_inputs(folder: Path, inputs: list) -> None:
    note = json.loads((folder / REQUEST).read_text())
    (folder / REQUEST).write_text(json.dumps(note | {"inputs": inputs}))


INPUTS = {
    "a device": ["/dev/zero"],
    "standard input": ["-"],
    "standard input as a file": ["/dev/stdin"],
    "all there is": ["/"],
    "a pattern of all there is": ["/**"],
    "a pattern": ["{folder}/*.txt"],
    "a directory": ["{folder}"],
    "a pipe": ["{folder}/pipe"],
    "a link": ["{folder}/link.txt"],
    "a file far too long": ["{folder}/long.txt"],
    "a file that is not absolute": ["river.txt"],
    "a file and a device": ["{folder}/river.txt", "/dev/zero"],
    "nothing": [],
    "numbers": [1],
    "text": "/dev/zero",
    "half a character": ["\ud800"],
    "a zero byte": ["a\0b"],
    "an archive that is a bomb": ["{folder}/bomb.txt"],
    "the kernel's": ["/proc/self/environ"],
}


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_inputs_that_are_not_opened(inputs, run, corpus, tmp_path):
    """In a process of its own, whose temporary directory stays empty, without standard input's ever ending."""
    shutil.copy(corpus, tmp_path / "river.txt")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.txt").symlink_to(tmp_path / "river.txt")
    with open(tmp_path / "long.txt", "wb") as stream:
        stream.truncate(1 << 40)
    with open(tmp_path / "bomb.txt", "wb") as stream:
        stream.truncate(1 << 24)
    filled = [item.format(folder=tmp_path) if isinstance(item, str) else item for item in inputs]
    note_inputs(run, filled if isinstance(inputs, list) else inputs)
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    reading, writing = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-c", REPORT, str(run), "-o", str(tmp_path / "page.html")],
            stdin=reading,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 0, done.stderr
    assert "give it with --text" in (tmp_path / "page.html").read_text()
    assert not [path for path in (tmp_path / "tmp").iterdir() if path.is_file() or any(path.iterdir())]


def test_the_text_itself_is_opened_and_another_is_not(run, corpus, tmp_path):
    assert training_corpus(run, facts := made.parts(run)[1]) is not None
    shutil.copy(corpus, tmp_path / "river.txt")
    note_inputs(run, [str(tmp_path / "river.txt")])
    assert training_corpus(run, facts) is not None
    (tmp_path / "river.txt").write_text("a secret of the same machine" * 100)
    assert training_corpus(run, facts) is None


def test_what_was_held_out_is_opened_only_with_its_checksum(corpus):
    from riverrun.data.corpus import open_corpus

    about = open_corpus([corpus])
    facts = {"held_out": {"characters": about.characters, "sha256": about.digest}}
    assert held_out_corpus(str(corpus), facts) is not None
    assert held_out_corpus(str(corpus), {}) is None
    assert held_out_corpus(str(corpus), {"held_out": {**facts["held_out"], "sha256": "0" * 64}}) is None
    assert held_out_corpus("/dev/zero", facts) is None


def test_known_texts_are_opened_by_name_unless_something_else_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert may_be_opened("python-docs", 1)
    assert may_be_opened("dates", 1)
    Path("python-docs").symlink_to("/dev/zero")
    assert not may_be_opened("python-docs", 1)


LINES = {
    "nested too deeply": "[" * 5000,
    "a step that is text": '{"event": "progress", "step": "1", "loss": 1.0}',
    "a step that is true": '{"event": "evaluated", "step": true}',
    "a step of thousands of digits": '{"step": ' + "9" * 5000 + "}",
    "a step beyond all numbers": '{"step": ' + "9" * 40 + "}",
    "an event that is a list": '{"event": ["progress"], "step": 1}',
    "progress without a loss": '{"event": "progress", "step": 1}',
    "a loss that is text": '{"event": "progress", "step": 1, "steps": 2, "epoch": 1.0, "loss": "low", '
    '"learning_rate": 0.1, "tokens_per_second": 1.0, "seconds": 1.0}',
    "a loss that is no number": '{"event": "progress", "step": 1, "steps": 2, "epoch": 1.0, "loss": NaN, '
    '"learning_rate": 0.1, "tokens_per_second": 1.0, "seconds": 1.0}',
    "figures that are a list": '{"event": "evaluated", "step": 1, "steps": 2, "epoch": 1.0, "seconds": 1.0, '
    '"nats_per_token": 1.0, "figures": [], "best": true}',
    "an evaluation at no epoch": '{"event": "evaluated", "step": 1, "steps": 2, "epoch": null, "seconds": 1.0, '
    '"nats_per_token": 1.0, "figures": {}, "best": true}',
    "half a character": '{"event": "saved", "step": 1, "path": "\\ud800"}',
    "a sample without text": '{"event": "previewed", "step": 1, "label": "a", "prompt": "b"}',
    "a sample of numbers": '{"event": "previewed", "step": 1, "label": 1, "prompt": 2, "text": 3}',
    "a sample of lists": '{"event": "previewed", "step": 1, "label": [], "prompt": [], "text": []}',
    "a sample that is a list": "[1]",
}


@pytest.mark.parametrize("name", [METRICS, SAMPLES])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_lines_that_are_none_are_left_out(line, name, run, tmp_path):
    assert main(["report", str(run), "-o", str(tmp_path / "before.html")]) == 0
    with open(run / name, "a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    assert main(["report", str(run), "-o", str(tmp_path / "after.html")]) == 0
    before, after = ((tmp_path / f"{when}.html").read_text() for when in ("before", "after"))
    assert without_pictures(after) == without_pictures(before)


def without_pictures(page: str) -> str:
    return re.sub(r'src="[^"]*"', "", page)


def test_whatever_stands_in_a_model_is_text_on_its_page(run, tmp_path):
    evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"
    sample = {"event": "previewed", "step": 40, "label": evil, "prompt": evil, "text": evil}
    with open(run / SAMPLES, "a") as stream:
        stream.write(json.dumps(sample) + "\n")
    made.change(
        run, {"reason": evil, "corpus": {"name": evil, "characters": 1, "sha256": "0" * 64}, evil: evil}
    )
    assert main(["report", str(run), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "&lt;script" in page
    assert "<script" not in page
    assert "<img src=x" not in page


def test_control_characters_are_shown_and_not_sent(run, capsys):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt.exe\r\nover"
    made.change(
        run, {"reason": evil, "corpus": {"name": evil, "characters": 1, "sha256": "0" * 64}, f"x{evil}": 1}
    )
    made.change_config(run, 'device = "cpu"', f"device = {json.dumps(evil)}")
    assert main(["show", str(run)]) == 0
    said = capsys.readouterr().out
    assert "owned" in said
    assert all(line.isprintable() for line in said.splitlines())
    made.change_config(run, 'core = "lstm"', f"core = {json.dumps(evil)}")
    assert main(["show", str(run)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.strip().isprintable()
    odd = run.with_name(f"run{evil[:-6]}")
    run.rename(odd)
    for command in (["show", str(odd)], ["generate", str(odd / "nothing")], ["train", str(odd / "none.txt")]):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.strip().isprintable()


def test_a_journal_of_a_stranger_is_shown_by_a_resumed_run_as_text(run, corpus, tmp_path):
    """What a sample says ends no fence, and a name is no heading, link or tag."""
    evil = "````\n# owned <b>\n```\n[x](http://evil.example)"
    (tmp_path / "a```b <i>[x](y).txt").write_text(tiny.text())
    named = tmp_path / "a```b <i>[x](y).txt"
    for event in (happening := tiny.events(named, tmp_path / "new")):
        if type(event).__name__ == "Saved" and event.step == 12:
            break
    sample = {"event": "previewed", "step": 12, "label": evil, "prompt": evil, "text": evil}
    with open(tmp_path / "new" / SAMPLES, "a") as stream:
        stream.write(json.dumps(sample) + "\n")
    list(happening)
    card = (tmp_path / "new" / "README.md").read_text()
    assert f"`````\n{evil}\n`````" in card
    outside = outside_of_code(card)
    assert "owned" not in outside
    assert "evil" not in outside
    assert "<i>" not in outside


def outside_of_code(markdown: str) -> str:
    """What is left of Markdown without fenced blocks and code in lines, by CommonMark's rules for both."""
    kept, fence = [], None
    for line in markdown.split("\n"):
        marks = re.match("`{3,}", line)
        if fence is None and marks and "`" not in line[len(marks[0]) :]:
            fence = marks[0]
        elif fence is not None and re.fullmatch(f"{fence}`* *", line):
            fence = None
        elif fence is None:
            kept.append(re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line))
    assert fence is None
    return "\n".join(kept)
