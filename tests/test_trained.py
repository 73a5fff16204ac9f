"""What trained models of both kinds share."""

import shutil

import pytest

import riverrun
import tiny
from riverrun.bundle import read_facts
from riverrun.bundle.manifest import describe
from riverrun.bundle.names import CONFIG, MANIFEST, MODEL
from riverrun.errors import InputError, ModelError, OutputError


def test_a_tied_matrix_counts_once(corpus, tmp_path):
    tiny.train(corpus, tmp_path / "tied", model__tied=True, model__embedding=8, budget__steps=2)
    model = riverrun.load(tmp_path / "tied")
    symbols = model.tokenizer.size
    assert model.parameters == symbols * 8 + symbols + 2 * 4 * 8 * 8 + 2 * 4 * 8
    assert model.decoder.vocabulary == symbols


def test_saving_onto_a_file_or_into_a_place_that_is_taken_is_refused(model, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("mine")
    for name in ("file", "folder"):
        with pytest.raises(OutputError, match="exists already"):
            model.save(tmp_path / name)
    with pytest.raises(OutputError, match="cannot be written"):
        model.save(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


def test_settings_that_cannot_be_read_name_their_file(trained, tmp_path):
    """A setting that a stranger has left out, in a model whose checksums are right."""
    copy = shutil.copytree(trained, tmp_path / "model", ignore=shutil.ignore_patterns("checkpoints"))
    files = {name: (copy / name).read_bytes() for name in MODEL}
    files[CONFIG] = files[CONFIG].replace(b"hidden = 16", b"")
    (copy / CONFIG).write_bytes(files[CONFIG])
    (copy / MANIFEST).write_bytes(describe(files, read_facts(trained)).to_json())
    with pytest.raises(ModelError, match=r"config\.toml: .*model\.hidden"):
        riverrun.load(copy)


def test_a_precision_that_is_none_is_refused(trained):
    with pytest.raises(InputError, match="precision = 'fp8': give one of fp32, bf16, int8"):
        riverrun.load(trained, precision="fp8")
