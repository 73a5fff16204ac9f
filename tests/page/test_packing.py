"""A model in one piece, in each precision, and the engine in one script."""

import gzip
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import page_models
import riverrun
from laws.test_fast_equals_plain import random_model
from page_engine import Engine, EngineError, node
from riverrun.errors import InputError, ModelError
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.streaming import begin
from riverrun.page import packing
from riverrun.page.packing import engine_script, pack_model, rounded_arrays

PRECISIONS = ("fp32", "bf16", "int8")


@pytest.fixture(scope="module")
def engine():
    running = Engine()
    yield running
    running.close()


def directory(path: Path, weights, model, facts=None) -> Path:
    """A random model as a model directory."""
    return page_models.directory(path, page_models.files(weights, model, facts))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("core", ["lstm", "conv"])
@pytest.mark.parametrize("tied", [False, True])
def test_the_page_computes_with_the_rounded_weights(engine, precision, core, tied, tmp_path):
    weights, model = random_model(core, hidden=17, layers=2, tied=tied, kernel=3)
    about = engine.unpack(pack_model(directory(tmp_path / "m", weights, model), precision))
    assert about["precision"] == precision
    embedding = weights["embedding.weight"].size if tied else 0  # which is the projection too
    assert about["parameters"] == sum(array.size for array in weights.values()) - embedding
    assert about["name"] == "m"
    plain = PlainDecoder(rounded_arrays(weights, precision), model)
    ids = [3, 9, 4, 20]
    found = engine("step", position=engine("read", ids=ids)["position"])["logits"]
    expected, _ = plain.logits([begin(plain, ids)])
    np.testing.assert_allclose(found, expected[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_packed_pairs(engine, precision, translated, tmp_path):
    """Rounding does not change what a well-trained translator says; equal arrays stand there once."""
    packed = pack_model(translated, precision)
    assert engine.unpack(packed)["kind"] == "translator"
    model = riverrun.load(translated)
    sources = ["abc", "fed", "xab"]
    said = [engine("translate", text=source)["outputs"][0]["text"] for source in sources]
    assert said == model.translate(sources)


def test_rounding():
    draw = np.random.default_rng(0)
    matrix = draw.standard_normal((40, 30)).astype(np.float32)
    weights = {
        "core.rnn.weight_hh_l0": matrix,
        "projection.bias": matrix[0],
        "zeros": np.zeros((3, 4), np.float32),
    }
    for precision, most in (("fp32", 0), ("bf16", 2**-8), ("int8", 1 / 127)):
        found = rounded_arrays(weights, precision)
        assert np.abs(found["core.rnn.weight_hh_l0"] - matrix).max() <= most * np.abs(matrix).max()
        np.testing.assert_array_equal(found["projection.bias"], matrix[0])
        np.testing.assert_array_equal(found["zeros"], weights["zeros"])
        again = rounded_arrays(found, precision)
        np.testing.assert_allclose(again["core.rnn.weight_hh_l0"], found["core.rnn.weight_hh_l0"], rtol=1e-6)
    largest = np.full((1, 2), np.finfo(np.float32).max, np.float32)
    assert np.isfinite(rounded_arrays({"w": largest}, "bf16")["w"]).all()


def test_fewer_bits_are_fewer_bytes_and_equal_arrays_stand_once(tmp_path):
    weights, model = random_model(hidden=64, tied=True, embedding=64, vocabulary=500)
    sizes = [
        len(pack_model(directory(tmp_path / "m", weights, model), precision)) for precision in PRECISIONS
    ]
    assert sizes[0] > 1.5 * sizes[1] > 1.5 * sizes[2]
    untied = weights | {"projection.weight": weights["projection.weight"] + 1}
    assert len(pack_model(directory(tmp_path / "m", untied, replace(model, tied=False)))) - sizes[0] > 80_000


def test_the_folders_of_this_machine_stay_here(engine, tmp_path):
    corpus = {"name": "/home/me/secret/book.txt", "characters": 3, "sha256": "0" * 64}
    facts = {"kind": "language model", "corpus": corpus}
    packed = pack_model(directory(tmp_path / "m", *random_model(), facts=facts))
    assert engine.unpack(packed)["facts"]["corpus"] == corpus | {"name": "book.txt"}
    assert b"secret" not in gzip.decompress(packed)


def test_what_cannot_be_packed(tmp_path, monkeypatch):
    path = directory(tmp_path / "m", *random_model())
    with pytest.raises(InputError, match="precision = 'fp8': give one of fp32, bf16, int8"):
        pack_model(path, "fp8")
    with pytest.raises(ModelError, match="no such model"):
        pack_model(tmp_path / "nothing")
    monkeypatch.setattr(packing, "MOST", 1000)
    with pytest.raises(ModelError, match="too wide for a page"):
        pack_model(path)


def test_a_packed_model_that_is_damaged(engine, tmp_path):
    packed = pack_model(directory(tmp_path / "m", *random_model()))
    middle = len(packed) // 2
    newer = gzip.compress(gzip.decompress(packed).replace(b'{\\"format\\": 2', b'{\\"format\\": 9'))
    for damaged in (
        b"",
        packed[:-5],
        packed[:middle] + bytes([packed[middle] ^ 4]) + packed[middle + 1 :],
        b"<html>" + packed,
        gzip.compress(b"something else"),
        gzip.compress(page_models.files(*random_model())["weights"]),
        newer,
    ):
        with pytest.raises(EngineError) as refused:
            engine.unpack(damaged)
        assert refused.value.name == "ModelError", refused.value
        assert "\n" not in str(refused.value)


def test_the_engine_as_one_script(trained, translated, tmp_path):
    """Page and worker, with nothing but the script: messages, slices, stops, what is overtaken."""
    (tmp_path / "engine.js").write_text(engine_script(), encoding="utf-8")
    (tmp_path / "language").write_bytes(pack_model(trained))
    (tmp_path / "translator").write_bytes(pack_model(translated, "bf16"))
    given = [str(tmp_path / name) for name in ("engine.js", "language", "translator")]
    script = Path(__file__).with_name("standalone.mjs")
    done = subprocess.run(
        [node(), str(script), *given], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["offers"] == found["index"]
    model = riverrun.load(trained)
    assert found["text"] == model.generate("the spirit", 300, seed=5)
    assert "".join(found["texts"]) == "the spirit"
    assert found["first"] == 1
    assert found["states"] == 300 * found["about"]["stateSize"]
    assert found["end"] == {"reason": "length", "written": 300, "at": 300, "shown": len(found["text"])}
    assert found["stopped"] == "stopped"
    stop = found["text"][40:45]
    assert found["until"] == {"reason": "stop", "shown": found["text"].find(stop)}
    assert found["about"]["samples"]
    assert [each["probability"] for each in found["alternatives"]] == sorted(
        (each["probability"] for each in found["alternatives"]), reverse=True
    )
    assert found["sum"] == pytest.approx(1)
    assert found["unit"] == found["about"]["units"]["width"] + 3
    assert found["early"] == {"name": "InputError", "message": "no model is loaded"}
    assert found["notATranslator"] == {"name": "InputError", "message": "this model does not translate"}
    assert "dance" in found["unknown"]["message"]
    assert found["overtaken"] == "Overtaken"
    assert found["translation"] == riverrun.load(translated).translate(["abc"])[0]
    assert found["damaged"]["name"] == "ModelError"
