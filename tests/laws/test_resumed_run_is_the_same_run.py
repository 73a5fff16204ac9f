"""Law 2: stopped or killed at any moment and resumed, a run is the run it would have been."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tiny
import tiny_pairs
from riverrun.config.building import build_settings
from riverrun.training.run import Request

DROPOUT = {"model__dropout": 0.3, "model__layers": 2}
KINDS = {
    "adamw, cosine": DROPOUT | {"training__optimizer": "adamw"},
    "adam, constant": DROPOUT | {"training__optimizer": "adam", "training__schedule": "constant"},
    "rmsprop, plateau": DROPOUT
    | {"training__optimizer": "rmsprop", "training__schedule": "plateau", "training__plateau_patience": 1},
    "sgd": DROPOUT | {"training__optimizer": "sgd"},
    "sgd without momentum": {"training__optimizer": "sgd", "training__momentum": 0.0},
    "gru": DROPOUT | {"model__core": "gru"},
    "conv": DROPOUT | {"model__core": "conv", "training__evaluate_every": 5},
    "tied": DROPOUT | {"model__tied": True, "training__checkpoint_every": 1},
    "words": {"text__unit": "word", "training__batch": 2},
    "sampled softmax": DROPOUT
    | {"text__unit": "word", "training__batch": 2, "training__softmax": "sampled", "training__negatives": 1},
    "many passes": {"training__chunk": 100, "training__batch": 8, "training__keep_checkpoints": 1},
    "epochs": {"budget__epochs": 0.1},
    "bf16": {"training__precision": "bf16"},
    "early stopping": {
        "training__optimizer": "sgd",
        "training__learning_rate": 100.0,
        "training__early_stopping": 2,
        "training__evaluate_every": 2,
        "budget__steps": 40,
    },
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


class Unkilled:
    """What each kind of run comes to when nothing happens to it."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self.corpus, self.folder = corpus, folder

    def __call__(self, kind: dict) -> Path:
        output = self.folder / str(list(KINDS.values()).index(kind))
        if not output.exists():
            tiny.train(self.corpus, output, **kind)
        return output


@pytest.fixture(scope="module")
def unkilled(corpus, tmp_path_factory) -> Unkilled:
    return Unkilled(corpus, tmp_path_factory.mktemp("unkilled"))


def assert_same(output: Path, expected: Path) -> None:
    assert tiny.weights(output) == tiny.weights(expected)
    assert tiny.losses(output) == tiny.losses(expected)
    for name in ("config.toml", "tokenizer.json", "samples.jsonl"):
        assert (output / name).read_bytes() == (expected / name).read_bytes()


@kinds
def test_left_at_any_event_and_resumed(kind, corpus, unkilled, tmp_path):
    """Each time some more events are let happen before the run is left."""
    output = tmp_path / "run"
    every = {"training__checkpoint_every": 2} | kind
    expected = unkilled(kind)
    tiny.kill_after(3, corpus, output, **every)
    for count in itertools.count(4, 3):
        tiny.kill_after(count, corpus, output, resume=True, **every)
        if (output / "manifest.json").exists():
            break
    tiny.train(corpus, output, resume=True, **every)
    assert tiny.weights(output) == tiny.weights(expected)
    assert tiny.losses(output) == tiny.losses(expected)


@kinds
def test_stopped_after_any_step_and_resumed(kind, corpus, unkilled, tmp_path):
    """Ctrl-C saves where it stopped, so even the checkpoints differ, but nothing else may."""
    output, expected = tmp_path / "run", unkilled(kind)
    for resume in (False, True, True):
        asked = itertools.count(1)
        third = lambda asked=asked: next(asked) >= 3  # noqa: E731
        happened = list(tiny.events(corpus, output, third, resume=resume, **kind))
        assert happened[-1].reason in ("interrupted", "finished", "early stopping")
        assert (output / "manifest.json").exists()
    tiny.train(corpus, output, resume=True, **kind)
    assert tiny.weights(output) == tiny.weights(expected)
    stops = {line["step"] for line in tiny.losses(output) if line.get("reason") == "interrupted"}
    expected_steps = {line["step"] for line in tiny.losses(expected)}
    kept = [line for line in tiny.losses(output) if line["step"] not in stops - expected_steps]
    kept = [line for line in kept if line.get("reason") != "interrupted"]
    assert kept == tiny.losses(expected)


@given(counts=st.lists(st.integers(0, 30), max_size=4))
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_left_at_any_sequence_of_events(counts, corpus, unkilled, tmp_path_factory):
    kind = KINDS["adamw, cosine"]
    expected = unkilled(kind)
    output = tmp_path_factory.mktemp("left") / "run"
    for count in counts:
        resume = (output / "request.json").exists()
        tiny.kill_after(count, corpus, output, resume=resume, **kind)
    tiny.train(corpus, output, resume=(output / "request.json").exists(), **kind)
    assert_same(output, expected)


TRANSLATORS = {
    "transducer": {},
    "bf16": {"training.precision": "bf16"},
    "deep decoder": {"model.attention": "additive", "model.decoder_layers": 2, "training.threads": 1},
    "own output fed back": {"model.attention": "additive", "training.teacher_forcing": 0.5},
}


@pytest.mark.parametrize("kind", TRANSLATORS.values(), ids=TRANSLATORS)
def test_networks_side_by_side_stopped_and_resumed(kind, pairs, tmp_path):
    """Three networks in two threads are those that one thread would have trained."""
    settings = {"model.dropout": 0.2, "model.members": 3, "budget.steps": 30, "training.evaluate_every": 10}

    def go(name, should_stop=lambda: False, threads=2, **more):
        chosen = build_settings(tiny_pairs.SETTINGS, settings, {"training.threads": threads}, kind)
        list(tiny.run_request(Request((str(pairs),), tmp_path / name, chosen, **more), should_stop))

    go("one thread", threads=1)
    asked = itertools.count(1)
    go("cut", lambda: next(asked) >= 14)
    go("cut", resume=True)
    assert tiny.weights(tmp_path / "cut") == tiny.weights(tmp_path / "one thread")


def test_resuming_a_finished_run_changes_nothing(corpus, unkilled, tmp_path):
    output = tmp_path / "run"
    kind = KINDS["early stopping"]
    tiny.train(corpus, output, **kind)
    tiny.train(corpus, output, resume=True, **kind)
    assert_same(output, unkilled(kind))


def test_the_same_request_twice_gives_the_same_run(corpus, unkilled, tmp_path):
    kind = KINDS["adamw, cosine"]
    tiny.train(corpus, tmp_path / "run", **kind)
    assert_same(tmp_path / "run", unkilled(kind))


def test_another_seed_gives_another_run(corpus, unkilled, tmp_path):
    kind = KINDS["adamw, cosine"]
    tiny.train(corpus, tmp_path / "run", **kind, training__seed=1)
    assert tiny.weights(tmp_path / "run") != tiny.weights(unkilled(kind))


def test_killed_by_sigkill_at_random_moments(tmp_path):
    """Real processes, really killed; the script does the same 200 times when it is run by hand."""
    script = Path(__file__).parents[2] / "benchmarks" / "kill_and_resume.py"
    command = [sys.executable, str(script), "--kills", "20", "--folder", str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report["kills"] >= 20
    assert report["identical"]
