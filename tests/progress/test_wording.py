"""Events in words: what matters comes first, what was not measured is called so, a sample is text."""

from dataclasses import replace
from pathlib import Path

import pytest

from riverrun.progress import wording
from riverrun.progress.cautions import cautions
from riverrun.progress.status_line import fitted
from riverrun.training import events

PROGRESS = events.Progress(400, 1744, 0.93, 1.2345, 4e-3, 31_000.0, 30.0)
STOPPED = events.Stopped(
    1744, 1744, "finished", 4.2, 60.0, events.Best(1744, 1.1, 1.1, {"bits_per_character": 1.6})
)


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (75, "101 s left  loss 1.2345  step 400/1,744  epoch 0.93  31,000 symbols/s"),
        (38, "101 s left  loss 1.2345"),
        (39, "101 s left  loss 1.2345  step 400/1,744"),
        (12, "101 s left"),
        (4, "101 "),
        (0, ""),
    ],
)
def test_a_narrow_terminal_is_told_time_left_and_loss_first(width, line):
    assert fitted(wording.progress(PROGRESS), width) == line


def test_time_left_goes_on_between_events():
    assert wording.progress(PROGRESS, 31.0)[0] == "70 s left"
    assert wording.progress(PROGRESS, 1e6)[0] == "0 s left"


def test_without_a_plan_it_says_how_long_it_has_been():
    event = events.Progress(10, None, 0.1, 3.0, 1e-3, 1000.0, 4.2)
    assert wording.progress(event)[0] == "4 s so far"
    assert set(wording.bar(event)) == {"[", " ", "]"}


def test_the_bar_is_full_at_the_end():
    event = events.Progress(10, 10, 0.1, 3.0, 1e-3, 1000.0, 4.2)
    assert wording.bar(event) == f"[{'=' * 16}]"


def test_held_out_and_figures_are_explained_where_they_are_first_said():
    begun = wording.started(events.Started(0, 9, "cpu", "fp32", 5000, 500), Path("book"))
    assert "500 held out (kept back, to measure what was learned)" in begun
    of_pairs = wording.started(events.Started(0, 9, "cpu", "fp32", 5000, 500, 1200, 60), Path("book"))
    assert "1,200 pairs to learn from, 60 held out (kept back" in of_pairs
    event = events.Evaluated(5, 10, 0.1, 1.0, 1.1, {"bits_per_character": 1.6, "other": 1.0}, True)
    assert "lower is better" in wording.meanings(event)
    pairs = events.Evaluated(5, 10, 0.1, 1.0, 1.1, {"exact_match": 0.5, "symbol_error_rate": 1.95}, True)
    assert "it may exceed 1" in wording.meanings(pairs)


def test_what_was_not_measured_is_called_so():
    stopped = events.Stopped(3, None, "interrupted", 0.1, 1.0, None)
    said = wording.stopped(stopped, Path("book"))
    assert "not measured yet" in said
    assert "inf" not in said


def test_finished_says_what_is_finished():
    assert wording.stopped(STOPPED, Path("book")).startswith(
        "finished: all 1,744 steps made, 60 s; held-out loss 1.1000"
    )
    early = events.Stopped(9, 99, "early stopping", 2.0, 60.0, events.Best(5, 1.1, 1.1, {}))
    assert "not getting better" in wording.stopped(early, Path("book"))


def test_a_sample_is_text_that_cannot_move_the_cursor():
    event = events.Previewed(1, "temperature 1", "a\tb", 'it\'s "so"\n\x1b[2Jend\x9b\n')
    assert wording.sample_in_words(event) == 'it\'s "so"\n␛[2Jend\ufffd'
    assert wording.prompt(event) == "a    b"


@pytest.mark.parametrize(
    ("weights", "learned", "held_out", "said"),
    [
        (694_000, 5, 1, ["5 symbols are very little", "stand on 1 symbols"]),
        (694_000, 2000, 5000, ["694,000 weights for 2,000 symbols"]),
        (694_000, 400_000, 40_000, []),
    ],
)
def test_too_little_text_is_said_at_the_start(weights, learned, held_out, said):
    found = list(cautions(events.Started(0, weights, "cpu", "fp32", learned, held_out)))
    assert len(found) == len(said)
    for part, caution in zip(said, found, strict=True):
        assert part in caution


def test_a_plan_is_said_again_only_where_it_differs():
    first = events.Planned(10, steps=1000, evaluate_every=200, limit=1, threads=2, since=0, done=0.0)
    close, longer, alone = (
        replace(first, steps=1100),
        replace(first, steps=1500),
        replace(first, threads=1),
    )
    assert [wording.differs(first, each) for each in (close, longer, alone)] == [False, True, True]
    assert wording.planned(longer, first) == "another pace: 1,500 steps; held-out text is scored every 200"
    assert wording.planned(alone, first).startswith("one thread is faster now: 1,000 steps")
    assert wording.planned(first) == "1,000 steps; held-out text is scored every 200"
