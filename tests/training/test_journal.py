"""The journal of a run: appended to, cut back on a resume, read in spite of damage."""

import json

import pytest

from riverrun.errors import OutputError
from riverrun.training import events
from riverrun.training.journal import Journal, read_lines


def preview(step, text="x"):
    return events.Previewed(step, "temperature 1", "prompt", text)


def saved(step):
    return events.Saved(step, "somewhere")


def stopped(step):
    return events.Stopped(step, step, "interrupted", 0.5, 1.0, events.Best(step, 2.0, 2.0, {}))


def steps(folder, name="metrics.jsonl"):
    return [line["step"] for line in read_lines(folder / name)]


def test_events_and_samples_go_to_their_files(tmp_path):
    journal = Journal(tmp_path, -1)
    for event in (saved(1), preview(1), saved(2)):
        journal.write(event)
    assert steps(tmp_path) == [1, 2]
    assert [sample["text"] for sample in journal.samples()] == ["x"]


def test_a_resume_drops_what_came_after_the_checkpoint_and_that_it_stopped(tmp_path):
    journal = Journal(tmp_path, -1)
    for event in (saved(1), preview(1), saved(2), stopped(2), saved(3), preview(3)):
        journal.write(event)
    Journal(tmp_path, 2)
    assert [line["event"] for line in read_lines(tmp_path / "metrics.jsonl")] == ["saved", "saved"]
    assert steps(tmp_path, "samples.jsonl") == [1]


@pytest.mark.parametrize("harm", ['{"step": 9, "ev', "[1]", '{"no": "step"}', "\udcff\udcfe", "null"])
def test_damaged_lines_are_left_out(harm, tmp_path):
    lines = [json.dumps({"step": 1}), harm, json.dumps({"step": 2})]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
    Journal(tmp_path, 5)
    assert steps(tmp_path) == [1, 2]


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\x0b\x1cb", "naïve 河 🏞️", "\n\r\n"])
def test_any_sample_survives(text, tmp_path):
    Journal(tmp_path, -1).write(preview(1, text))
    assert [sample["text"] for sample in Journal(tmp_path, 1).samples()] == [text]


def test_what_cannot_be_written_is_said(tmp_path):
    journal = Journal(tmp_path, -1)
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(OutputError, match=r"metrics\.jsonl cannot be written"):
        journal.write(saved(1))
