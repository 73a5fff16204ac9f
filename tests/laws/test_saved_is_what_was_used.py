"""Law 4: a model directory, copied anywhere, gives the same; it holds no pickle and its settings are whole."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest

import riverrun
import tiny
import tiny_pairs
from riverrun.config.building import build_settings, read_toml
from riverrun.training.run import Request

UNITS = ("byte", "char", "word", "bpe")
CORES = ("lstm", "gru", "conv")


def behaviour(model):
    samples = [model.generate("the spirit", 30, seed=7, temperature=t) for t in (0.0, 0.7)]
    return samples, model.score("a river that runs").to_dict()


@pytest.fixture(
    params=[*((unit, "lstm") for unit in UNITS), *(("char", core) for core in CORES[1:])], ids="-".join
)
def output(request, corpus, tmp_path):
    unit, core = request.param
    more = {"text__unit": unit, "model__core": core, "model__layers": 2, "budget__steps": 6}
    tiny.train(corpus, tmp_path / "model", **more, training__batch=2, training__chunk=4)
    return tmp_path / "model"


def test_loaded_elsewhere_it_gives_the_same(output, tmp_path):
    model = riverrun.load(output)
    model.save(tmp_path / "saved")
    shutil.copytree(output, tmp_path / "copied")
    expected = behaviour(model)
    shutil.rmtree(output)
    for place in ("saved", "copied"):
        assert behaviour(riverrun.load(tmp_path / place)) == expected


@pytest.mark.filterwarnings("ignore:.*fewer different outputs")
def test_a_translator_loaded_elsewhere_gives_the_same(translated, tmp_path):
    sources = [source for source, _ in tiny_pairs.pronunciations(40, seed=9)]
    model = riverrun.load_translator(translated)
    model.save(tmp_path / "saved")
    shutil.copytree(translated, tmp_path / "copied")
    expected = model.translations(sources, n_best=4)
    for place in ("saved", "copied"):
        assert riverrun.load_translator(tmp_path / place).translations(sources, n_best=4) == expected


def test_another_process_gets_the_same(trained, model):
    code = (
        "import riverrun, sys, json; m = riverrun.load(sys.argv[1]);"
        "print(json.dumps([m.generate('the', 40, seed=3), m.score('age').bits_per_character]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(trained)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [
        model.generate("the", 40, seed=3),
        model.score("age").bits_per_character,
    ]


def test_the_best_checkpoint_is_a_model_and_is_what_was_published(trained, model):
    best = riverrun.load(trained / "checkpoints" / f"step-{model.facts['best_step']:09d}")
    assert behaviour(best) == behaviour(model)


def test_what_the_manifest_says_of_the_weights_is_so(model, trained, corpus):
    """The held-out loss of the run is the loss of the model that it left, on the same text."""
    text = corpus.read_text(encoding="utf-8")
    held_out = text[int(len(text) * 0.9) :]
    assert model.score(held_out).likelihood.nats_per_token == pytest.approx(
        model.facts["validation_nats_per_token"], rel=1e-4
    )
    assert model.score(held_out).bits_per_character == pytest.approx(
        model.facts["validation_bits_per_character"], rel=1e-4
    )


def test_its_settings_repeat_its_training(trained, corpus, tmp_path):
    """config.toml is complete: with it and the text the same weights come out."""
    dotted = read_toml(trained / "config.toml")
    request = Request((str(corpus),), tmp_path / "again", build_settings(dotted))
    list(tiny.run_request(request))
    assert tiny.weights(tmp_path / "again") == tiny.weights(trained)
    assert (tmp_path / "again" / "config.toml").read_bytes() == (trained / "config.toml").read_bytes()


def test_there_is_no_pickle_in_it(trained):
    for path in trained.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not zipfile.is_zipfile(path), path
            assert not content.startswith(b"\x80"), path  # how a pickle begins
            assert path.suffix in (".toml", ".json", ".jsonl", ".safetensors", ".md"), path


def test_saving_over_something_else_is_refused(model, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("there", "file", "file/below"):
        with pytest.raises(riverrun.RiverrunError):
            model.save(tmp_path / name)
    assert (tmp_path / "there" / "mine.txt").read_text() == "mine"
    assert (tmp_path / "file").read_text() == "mine"
