"""Checkpoints are kept as asked, verified, and passed over when damaged."""

import json

import pytest

import tiny
from riverrun.training import checkpoints


def steps_kept(output):
    return [int(path.name.removeprefix("step-")) for path in sorted((output / "checkpoints").glob("step-*"))]


def best_step(output):
    return json.loads((output / "manifest.json").read_bytes())["facts"]["best_step"]


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_the_last_few_and_the_best_are_kept(keep, corpus, tmp_path):
    tiny.train(
        corpus,
        tmp_path / "run",
        training__checkpoint_every=1,
        training__keep_checkpoints=keep,
        training__evaluate_every=2,
        training__learning_rate=3.0,
        training__optimizer="rmsprop",
    )
    last = list(range(13 - keep, 13))
    assert steps_kept(tmp_path / "run") == sorted({*last, best_step(tmp_path / "run")})


def harm(path, how):
    match how:
        case "a flipped byte":
            content = bytearray((path / "training.safetensors").read_bytes())
            content[len(content) // 2] ^= 1
            (path / "training.safetensors").write_bytes(content)
        case "cut short":
            (path / "model.safetensors").write_bytes(b"")
        case "no manifest":
            (path / "manifest.json").unlink()
        case "empty":
            for file in path.iterdir():
                file.unlink()


@pytest.mark.parametrize("how", ["a flipped byte", "cut short", "no manifest", "empty"])
def test_a_damaged_newest_one_is_named_and_passed_over(how, corpus, tmp_path):
    output, every = tmp_path / "run", {"training__checkpoint_every": 4, "training__keep_checkpoints": 1}
    tiny.train(corpus, tmp_path / "unharmed", **every)
    tiny.train(corpus, output, **every | {"training__keep_checkpoints": 3})
    harm(output / "checkpoints" / "step-000000012", how)
    (output / "request.json").write_bytes((tmp_path / "unharmed" / "request.json").read_bytes())
    with pytest.warns(UserWarning, match="step-000000012") as said:
        happened = tiny.train(corpus, output, resume=True, **every)
    assert len(said) == 1
    assert happened[0].step == 8
    assert tiny.weights(output) == tiny.weights(tmp_path / "unharmed")


@pytest.mark.filterwarnings("ignore:checkpoint passed over")
def test_damaged_later_ones_do_not_crowd_out_whole_ones(corpus, tmp_path):
    output = tmp_path / "run"
    every = {"training__checkpoint_every": 2, "training__keep_checkpoints": 6, "training__evaluate_every": 12}
    tiny.train(corpus, output, **every)
    for step in (8, 10, 12):
        harm(output / "checkpoints" / f"step-{step:09d}", "cut short")
    note = json.loads((output / "request.json").read_text())
    note["settings"]["training"]["keep_checkpoints"] = 1
    (output / "request.json").write_text(json.dumps(note))
    for event in tiny.events(corpus, output, resume=True, **every | {"training__keep_checkpoints": 1}):
        if type(event).__name__ == "Saved":
            break
    assert event.step == 8
    assert checkpoints.newest(output / "checkpoints").state.step == 8


def test_when_all_are_damaged_the_run_begins_anew(corpus, tmp_path):
    output = tmp_path / "run"
    tiny.train(corpus, output)
    expected = tiny.weights(output)
    for path in (output / "checkpoints").iterdir():
        harm(path, "no manifest")
    with pytest.warns(UserWarning, match="passed over"):
        assert tiny.train(corpus, output, resume=True)[0].step == 0
    assert tiny.weights(output) == expected
