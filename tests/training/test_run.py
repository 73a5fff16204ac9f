"""Whole runs: early stopping, the best is kept, and everything that can go wrong goes wrong safely."""

import errno
import json
import math
import os
import shutil
from pathlib import Path

import pytest
import torch

import made
import riverrun
import tiny
import tiny_pairs
from riverrun.bundle.manifest import manifest_of
from riverrun.bundle.names import MODEL
from riverrun.bundle.reading import BundleReader
from riverrun.bundle.saving import write_files
from riverrun.bundle.weight_file import pack_arrays, unpack_arrays
from riverrun.errors import CorpusError, ModelError, OutputError, SettingsError, TrainingError
from riverrun.trained import by_section
from riverrun.training import checkpoints, journal
from riverrun.training.task import Validation

pytestmark = pytest.mark.filterwarnings("ignore:.* held-out lines")


def named(events, kind):
    return [event for event in events if type(event).__name__ == kind]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_learns(corpus, tmp_path):
    happened = tiny.train(
        corpus, tmp_path / "run", budget__steps=80, training__learning_rate=0.03, model__hidden=24
    )
    untrained = math.log(riverrun.load(tmp_path / "run").tokenizer.size)
    assert happened[-1].best.nats_per_token < 0.75 * untrained


@pytest.fixture
def held_out_losses(monkeypatch):
    """Held-out losses 3, 2, 1, 2, 3, ... at evaluations 1, 2, 3, 4, 5, ..."""
    losses = iter([3.0, 2.0, 1.0, *range(2, 100)])
    validation = lambda self, limit: Validation(next(losses), 1, {})  # noqa: E731
    monkeypatch.setattr("riverrun.training.language.LanguageModelTask.validate", validation)


def test_the_best_evaluation_is_what_is_published(corpus, tmp_path, held_out_losses):
    happened = tiny.train(corpus, tmp_path / "run", training__evaluate_every=2)
    assert [event.best for event in named(happened, "Evaluated")] == [True, True, True, False, False, False]
    best = happened[-1].best
    assert (happened[-1].reason, best.step, best.nats_per_token) == ("finished", 6, 1.0)
    kept = tmp_path / "run" / "checkpoints" / "step-000000006" / "model.safetensors"
    assert tiny.weights(tmp_path / "run") == kept.read_bytes()


def with_state(run: Path, part: str, harm: dict) -> Path:
    """The only checkpoint of a run, with a part of its state changed and signed anew."""
    (path,) = checkpoints.list_steps(run / "checkpoints")
    state = json.loads((path / checkpoints.STATE).read_text())
    state[part] |= harm
    files = {each.name: each.read_bytes() for each in path.iterdir() if each.name != "manifest.json"}
    files[checkpoints.STATE] = json.dumps(state).encode()
    return made.write(path, files, BundleReader(path).manifest.facts)


@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_waits_as_long_as_asked(patience, corpus, tmp_path, held_out_losses):
    more = {"training__evaluate_every": 1, "training__early_stopping": patience}
    happened = tiny.train(corpus, tmp_path / "run", **more)
    assert (happened[-1].reason, happened[-1].step) == ("early stopping", 3 + patience)


def test_the_rate_falls_on_a_plateau(corpus, tmp_path, held_out_losses):
    more = {"training__schedule": "plateau", "training__plateau_patience": 2, "training__evaluate_every": 1}
    happened = tiny.train(corpus, tmp_path / "run", **more)
    rates = [event.learning_rate for event in named(happened, "Progress")]
    assert [rate / rates[3] for rate in rates[3:]] == pytest.approx(
        [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625]
    )


def test_a_held_out_file_is_used_instead_of_the_end(corpus, tmp_path):
    (tmp_path / "other.txt").write_text(tiny.text(100, seed=5))
    happened = tiny.train(corpus, tmp_path / "run", data__validation=str(tmp_path / "other.txt"))
    started = happened[0]
    assert started.training_tokens == len(corpus.read_text())
    assert started.validation_tokens == len((tmp_path / "other.txt").read_text())


@pytest.mark.parametrize("size", [2, 3, 10, 60])
def test_a_very_short_text_can_be_trained_on(size, tmp_path):
    (tmp_path / "short.txt").write_text("ab" * (size // 2) + "c" * (size % 2))
    auto = {"training__batch": "auto", "training__chunk": "auto"}
    tiny.train(tmp_path / "short.txt", tmp_path / "run", budget__steps=2, **auto)
    assert riverrun.load(tmp_path / "run").generate("a", 5, seed=0)


def test_a_text_of_one_symbol_repeated_can_be_trained_on(tmp_path):
    (tmp_path / "same.txt").write_text("a" * 500)
    tiny.train(tmp_path / "same.txt", tmp_path / "run")
    assert riverrun.load(tmp_path / "run").generate("a", 5, seed=0) == "aaaaa"


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        ("", {}, "is empty"),
        ("a", {}, "1 characters: too few to hold out"),
        ("ab" * 10, {"training__chunk": 50}, r"fewer than .* chunks of 50"),
        ("ab" * 50, {"text__min_count": 90}, "occurs 90 times"),
        ("ab" * 50 + "é", {"text__unknown": "refuse", "data__validation": 0.01}, "'é'"),
        ("ab" * 50, {"data__validation": "no-such-file.txt"}, "no-such-file.txt"),
    ],
)
def test_a_text_that_will_not_do_is_refused_and_nothing_is_made(content, more, said, tmp_path):
    (tmp_path / "text.txt").write_text(content)
    with pytest.raises(riverrun.RiverrunError, match=said):
        tiny.train(tmp_path / "text.txt", tmp_path / "run", **more)
    assert not (tmp_path / "run").exists()


def test_an_existing_model_is_not_replaced_unasked(trained, corpus, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    before = contents(tmp_path / "run")
    with pytest.raises(OutputError, match=r"resume.*overwrite"):
        tiny.train(corpus, tmp_path / "run")
    assert contents(tmp_path / "run") == before
    tiny.train(corpus, tmp_path / "run", overwrite=True)
    assert tiny.weights(tmp_path / "run") != before[tmp_path / "run" / "model.safetensors"]


def test_overwriting_with_a_bad_text_loses_nothing(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    before = contents(tmp_path / "run")
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    with pytest.raises(CorpusError):
        tiny.train(tmp_path / "bad.txt", tmp_path / "run", overwrite=True)
    assert contents(tmp_path / "run") == before


def test_a_directory_of_other_things_is_never_overwritten(corpus, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"1")
    with pytest.raises(OutputError, match=r"me\.jpg"):
        tiny.train(corpus, tmp_path / "photos", overwrite=True)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["me.jpg"]


@pytest.mark.parametrize("name", ["file", "file/below", "/proc/riverrun-cannot-be-made"])
def test_an_output_that_cannot_be_made_is_refused(name, corpus, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError) as caught:
        tiny.train(corpus, tmp_path / name)
    assert name in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        (
            "txt",
            {"model__members": 2, "data__skip_bad": True},
            r"data\.skip_bad, model\.members: only for pairs",
        ),
        (
            "txt",
            {"training__teacher_forcing": 0.5},
            r"training\.teacher_forcing: only for pairs, and this is text$",
        ),
        ("tsv", {"model__input": "one-hot"}, r"model\.input: only for text, and these are pairs$"),
        ("tsv", {"text__unit": "word"}, r"text\.unit: .* give data\.source_unit and data\.target_unit$"),
        (
            "tsv",
            {"data__reading": "windows", "training__softmax": "sampled"},
            r"data\.reading, training\.softmax",
        ),
    ],
)
def test_settings_that_would_change_nothing_are_refused(kind, given, complaint, tmp_path):
    path = tmp_path / f"few.{kind}"
    path.write_text("".join(f"{n}\t{n + 1}\n" for n in range(40)))
    with pytest.raises(SettingsError, match=complaint):
        tiny.train(path, tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


class TestResume:
    def test_without_a_run_is_refused(self, corpus, tmp_path):
        for place in (tmp_path / "nothing", tmp_path):
            with pytest.raises(OutputError, match="no run to resume"):
                tiny.train(corpus, place, resume=True)

    @pytest.mark.parametrize("where", ["text", "held out"])
    def test_with_a_changed_text_is_refused(self, where, tmp_path):
        held_out = tmp_path / "held-out.txt"
        for path in (tmp_path / "text.txt", held_out):
            path.write_text(tiny.text(300))
        more = {"data__validation": str(held_out)}
        tiny.kill_after(5, tmp_path / "text.txt", tmp_path / "run", **more)
        changed = held_out if where == "held out" else tmp_path / "text.txt"
        changed.write_text(tiny.text(299))
        with pytest.raises(CorpusError, match=r"is not the text.*overwrite"):
            tiny.train(tmp_path / "text.txt", tmp_path / "run", resume=True, **more)

    def test_files_may_be_named_as_seen_from_elsewhere(self, tmp_path, monkeypatch):
        """Twice, the second time with a larger budget: what is noted then is where the file was."""
        for name in ("text.txt", "held-out.txt"):
            (tmp_path / name).write_text(tiny.text(300))
        monkeypatch.chdir(tmp_path)
        more = {"data__validation": "held-out.txt"}
        tiny.kill_after(5, Path("text.txt"), tmp_path / "run", **more)
        monkeypatch.chdir("/")
        for steps in (14, 16):
            happened = tiny.train(
                tmp_path / "text.txt", tmp_path / "run", resume=True, budget__steps=steps, **more
            )
            assert happened[-1].step == steps

    def test_with_other_settings_is_refused_and_names_them(self, corpus, tmp_path):
        tiny.kill_after(5, corpus, tmp_path / "run")
        with pytest.raises(SettingsError, match=r"model\.hidden was 8, now 9"):
            tiny.train(corpus, tmp_path / "run", resume=True, model__hidden=9)

    def test_a_larger_budget_is_spent_and_a_smaller_one_refused(self, corpus, tmp_path):
        tiny.train(corpus, tmp_path / "run")
        happened = tiny.train(corpus, tmp_path / "run", resume=True, budget__steps=15)
        assert (happened[0].step, happened[-1].step, happened[-1].reason) == (12, 15, "finished")
        with pytest.raises(SettingsError, match=r"budget\.steps was 15, now 13"):
            tiny.train(corpus, tmp_path / "run", resume=True, budget__steps=13)

    @pytest.mark.parametrize(
        ("kind", "budget", "larger"),
        [
            ("text", {"steps": 4}, {"steps": 6}),
            ("text", {"epochs": 0.1}, {"epochs": 0.2}),
            ("text", {"minutes": 0.02}, {"minutes": 0.03}),
            ("pairs", {"steps": 4}, {"steps": 6}),
        ],
    )
    def test_the_budget_that_is_saved_is_the_one_that_was_spent(self, kind, budget, larger, corpus, tmp_path):
        if kind == "pairs":
            corpus = tiny_pairs.write(tmp_path / "few.tsv", tiny_pairs.pronunciations(40))
        for resume, given in ((False, budget), (True, larger)):
            more = {f"budget__{name}": value for name, value in given.items()}
            happened = tiny.train(corpus, tmp_path / "run", resume=resume, **more)
            saved = [
                tmp_path / "run",
                tmp_path / "run" / "checkpoints" / Path(named(happened, "Saved")[-1].path).name,
            ]
            for path in saved:
                assert by_section(riverrun.load(path).settings)["budget"] == given
            ((name, amount),) = given.items()
            assert f"{name} = {amount}" in (tmp_path / "run" / "README.md").read_text()

    def test_the_budget_is_saved_where_nothing_became_better(self, corpus, tmp_path, held_out_losses):
        tiny.train(corpus, tmp_path / "run", training__evaluate_every=2)
        happened = tiny.train(
            corpus, tmp_path / "run", training__evaluate_every=2, resume=True, budget__steps=14
        )
        assert (happened[-1].step, happened[-1].best.step) == (14, 6)
        assert riverrun.load(tmp_path / "run").settings.budget.amount == 14

    @pytest.mark.parametrize(
        ("part", "harm", "complaint"),
        [
            ("plan", {"threads": 100_000}, r"threads = 100000: give 1024 or less"),
            ("plan", {"threads": 0}, r"threads = 0: give 1 or more"),
            ("plan", {"evaluate_every": 0}, r"evaluate_every = 0: give 1 or more"),
            ("plan", {"done": 2.0}, r"done = 2\.0: give 1 or less"),
            ("cursor", {"chunk": -1}, r"chunk = -1: give 0 or more"),
        ],
    )
    def test_a_state_out_of_bounds_is_none(self, part, harm, complaint, corpus, tmp_path):
        tiny.train(corpus, tmp_path / "run")
        path = with_state(tmp_path / "run", part, harm)
        with pytest.raises(ModelError, match=complaint):
            checkpoints.read(path)

    def test_a_cursor_that_is_not_where_so_many_steps_lead_is_refused(self, corpus, tmp_path):
        tiny.train(corpus, tmp_path / "run")
        with_state(tmp_path / "run", "cursor", {"epoch": 3})
        with pytest.raises(ModelError, match=r"step 12 does not stand at Cursor\(epoch=3"):
            tiny.train(corpus, tmp_path / "run", resume=True)

    def test_a_plan_out_of_bounds_in_the_journal_is_not_followed(self, corpus, tmp_path):
        tiny.train(corpus, tmp_path / "run", budget__minutes=0.02)
        assert journal.recorded_plans(tmp_path / "run", 0)
        path = tmp_path / "run" / "metrics.jsonl"
        path.write_text(path.read_text().replace('"threads": 1', '"threads": 100000'))
        assert not journal.recorded_plans(tmp_path / "run", 0)

    @pytest.mark.parametrize("repeated", [{}, {"model.hidden": 8}, {"budget.steps": 12}])
    def test_needs_no_settings_but_the_same_may_be_given(self, repeated, corpus, tmp_path):
        from riverrun.config.building import build_settings
        from riverrun.training.run import Request

        tiny.kill_after(5, corpus, tmp_path / "run")
        tiny.train(corpus, tmp_path / "whole")
        list(tiny.run_request(Request((), tmp_path / "run", build_settings(repeated), resume=True)))
        assert tiny.weights(tmp_path / "run") == tiny.weights(tmp_path / "whole")

    @pytest.mark.parametrize("kind", ["text", "pairs"])
    def test_keeps_what_was_chosen_when_the_run_began(self, kind, tmp_path, monkeypatch):
        (tmp_path / "few.tsv").write_text("".join(f"{n}\t{n + 1}\n" for n in range(40)))
        (tmp_path / "few.txt").write_text(tiny.text())
        corpus = tmp_path / ("few.tsv" if kind == "pairs" else "few.txt")
        open_settings = {"training__learning_rate": "auto", "training__checkpoint_every": 2}
        tiny.kill_after(5, corpus, tmp_path / "run", **open_settings)
        tiny.train(corpus, tmp_path / "whole", **open_settings)
        for room in ("defaults", "pair_defaults"):
            monkeypatch.setattr(f"riverrun.training.{room}._learning_rate", lambda *given: 1e-9)
        tiny.train(corpus, tmp_path / "run", resume=True, **open_settings)
        assert tiny.weights(tmp_path / "run") == tiny.weights(tmp_path / "whole")

    @pytest.mark.parametrize("harm", ["", "{}", "[]", '{"inputs": 1, "digest": 2, "settings": 3}', "\xff"])
    def test_with_a_damaged_note_is_refused_in_one_line(self, harm, corpus, tmp_path):
        tiny.kill_after(5, corpus, tmp_path / "run")
        (tmp_path / "run" / "request.json").write_text(harm, "latin-1")
        with pytest.raises(OutputError, match=r"request\.json cannot be read") as caught:
            tiny.train(corpus, tmp_path / "run", resume=True)
        assert "\n" not in str(caught.value)

    def test_goes_on_from_another_directory(self, corpus, tmp_path, monkeypatch):
        (tmp_path / "text.txt").write_text(corpus.read_text())
        monkeypatch.chdir(tmp_path)
        tiny.kill_after(5, Path("text.txt"), tmp_path / "run")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        from riverrun.config.building import build_settings
        from riverrun.training.run import Request

        happened = list(tiny.run_request(Request((), tmp_path / "run", build_settings({}), resume=True)))
        assert happened[-1].reason == "finished"


class TestNotANumber:
    def test_a_loss_that_is_none_stops_the_run_and_keeps_the_checkpoint(self, corpus, tmp_path, monkeypatch):
        monkeypatch.setattr("riverrun.training.softmax.F.cross_entropy", _failing_after(8))
        with pytest.raises(
            TrainingError, match=r"loss became nan at step \d+.*step-00000000\d.*learning_rate"
        ):
            tiny.train(corpus, tmp_path / "run", training__checkpoint_every=2)
        kept = checkpoints.newest(tmp_path / "run" / "checkpoints")
        assert kept is not None
        assert riverrun.load(kept.model.path).generate("the", 3)

    def test_before_any_checkpoint_it_says_so(self, corpus, tmp_path, monkeypatch):
        monkeypatch.setattr("riverrun.training.softmax.F.cross_entropy", _failing_after(1))
        with pytest.raises(TrainingError, match="no checkpoint yet"):
            tiny.train(corpus, tmp_path / "run")

    @pytest.mark.parametrize("evaluate_every", [1, 100])
    def test_a_weight_that_overflows_is_never_saved(self, evaluate_every, corpus, tmp_path, monkeypatch):
        from riverrun.training.optimization import Optimizer

        step, count = Optimizer.step, iter(range(100))

        def overflowing(self, rate):
            step(self, rate)
            if next(count) == 5:
                with torch.no_grad():
                    self._parameters[-1].fill_(math.inf)

        monkeypatch.setattr(Optimizer, "step", overflowing)
        more = {"training__checkpoint_every": 1, "training__evaluate_every": evaluate_every}
        with pytest.raises(TrainingError, match="step-000000005"):
            tiny.train(corpus, tmp_path / "run", **more)
        riverrun.load(checkpoints.newest(tmp_path / "run" / "checkpoints").model.path)


def _failing_after(calls):
    from torch.nn.functional import cross_entropy

    count = iter(range(10**6))

    def failing(logits, targets, **more):
        return cross_entropy(logits, targets, **more) * (math.nan if next(count) >= calls else 1.0)

    return failing


class TestFullDisk:
    """Every way of writing to disk is made to fail, at every place where it happens."""

    @pytest.mark.parametrize("call", range(0, 40, 3))
    def test_the_previous_checkpoint_survives_and_the_run_goes_on_when_there_is_room(
        self, call, corpus, tmp_path, monkeypatch
    ):
        output, every = tmp_path / "run", {"training__checkpoint_every": 3}
        tiny.train(corpus, tmp_path / "unharmed", **every)
        with monkeypatch.context() as patch:
            _fill_disk(patch, output, after=call)
            with pytest.raises(OutputError, match=r"the disk is full|No space left") as caught:
                tiny.train(corpus, output, **every)
        assert "\n" not in str(caught.value)
        kept = checkpoints.newest(output / "checkpoints")
        happened = tiny.train(corpus, output, resume=(output / "request.json").exists(), **every)
        assert happened[0].step == (0 if kept is None else kept.state.step)
        assert tiny.weights(output) == tiny.weights(tmp_path / "unharmed")
        assert not list(output.rglob("*.part"))


def _fill_disk(patch, folder, after):
    """Below ``folder`` only ``after`` more files can be flushed; the next write finds no room."""
    flush, left = os.fsync, [after]

    def fsync(handle):
        if str(folder) in os.readlink(f"/proc/self/fd/{handle}"):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    patch.setattr(os, "fsync", fsync)


class TestModelDirectory:
    @pytest.fixture
    def copy(self, trained, tmp_path):
        shutil.copytree(trained, tmp_path / "model")
        return tmp_path / "model"

    def test_a_directory_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(ModelError, match="nowhere"):
            riverrun.load(tmp_path / "nowhere")

    @pytest.mark.parametrize("name", ["manifest.json", "config.toml", "tokenizer.json", "model.safetensors"])
    def test_a_missing_file_is_named(self, name, copy):
        (copy / name).unlink()
        with pytest.raises(ModelError, match=name) as caught:
            riverrun.load(copy)
        assert "checkpoints" in str(caught.value)  # where a whole one may be

    @pytest.mark.parametrize("name", ["manifest.json", "config.toml", "tokenizer.json", "model.safetensors"])
    @pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
    def test_a_damaged_file_is_named(self, name, harm, copy):
        content = (copy / name).read_bytes()
        places = range(0, len(content), max(1, len(content) // 60))
        for place in places if harm != "empty" else [0]:
            if harm == "flip":
                (copy / name).write_bytes(_flipped(content, place))
            else:
                (copy / name).write_bytes(content[:place])
            with pytest.raises(ModelError, match=name) as caught:
                riverrun.load(copy)
            assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("before", "after"),
        [("0.30000000000000004", "0.30000000000000005"), ("1e-05", "1E-05"), (": 0.3", ":  0.3")],
    )
    def test_a_damaged_number_is_seen_even_where_its_value_is_the_same(self, before, after, copy):
        files, facts = parts_of(copy)
        written = manifest_of(files, facts | {"sum": 0.1 + 0.2, "small": 1e-5}).to_json()
        (copy / "manifest.json").write_bytes(written)
        riverrun.load(copy)
        damaged = written.replace(before.encode(), after.encode())
        assert damaged != written
        assert json.loads(damaged) == json.loads(written)
        (copy / "manifest.json").write_bytes(damaged)
        with pytest.raises(ModelError, match=r"manifest\.json is damaged"):
            riverrun.load(copy)

    def test_a_newer_format_asks_for_a_newer_version(self, copy):
        document = json.loads((copy / "manifest.json").read_bytes())
        (copy / "manifest.json").write_text(json.dumps(document | {"format": 99}))
        with pytest.raises(ModelError, match=r"format 99.*upgrade riverrun"):
            riverrun.load(copy)

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_weights_that_are_no_numbers_are_refused(self, value, copy):
        files, facts = parts_of(copy)
        arrays = {k: v.copy() for k, v in unpack_arrays(files["model.safetensors"]).items()}
        arrays["projection.bias"][3] = value
        write_files(copy, files | {"model.safetensors": pack_arrays(arrays)}, facts)
        with pytest.raises(ModelError, match=r"projection\.bias holds values that are not finite"):
            riverrun.load(copy)

    def test_the_tokenizer_of_another_model_is_refused(self, copy, tmp_path):
        files, facts = parts_of(copy)
        other = json.loads(files["tokenizer.json"])
        other["symbols"] = other["symbols"][:-1]
        write_files(copy, files | {"tokenizer.json": json.dumps(other).encode()}, facts)
        with pytest.raises(ModelError, match="different models"):
            riverrun.load(copy)


def parts_of(folder: Path) -> tuple[dict[str, bytes], dict]:
    """The files of a model as they are, and what its manifest says."""
    return {name: (folder / name).read_bytes() for name in MODEL}, BundleReader(folder).manifest.facts


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
