"""What trained models of both kinds share."""

import pytest

import riverrun
import tiny
from riverrun.errors import InputError, OutputError


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


def test_a_precision_that_is_none_is_refused(trained):
    with pytest.raises(InputError, match="precision = 'fp8': give one of fp32, bf16, int8"):
        riverrun.load(trained, precision="fp8")
