"""What ``import riverrun`` offers."""

import itertools
import warnings
from pathlib import Path

import pytest

import riverrun
import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.* held-out lines")


def train(*arguments, **given):
    return riverrun.train(*arguments, **{"steps": 4, "settings": tiny.SETTINGS} | given)


def test_the_first_page_of_the_readme(corpus, tmp_path):
    model = train(str(corpus))
    assert len(model.generate("the spirit of", length=40, temperature=0.5)) == 40
    assert model.score("the spirit of an age").bits_per_character > 0
    model.save(tmp_path / "book")
    again = riverrun.load(tmp_path / "book")
    assert again.generate("the", 20, seed=1) == model.generate("the", 20, seed=1)


def test_several_texts_and_a_place_for_the_model(corpus, tmp_path):
    model = train([corpus, corpus], output=tmp_path / "model")
    assert model.path == tmp_path / "model"
    assert model.facts["corpus"]["characters"] == 2 * len(corpus.read_text())
    with pytest.raises(riverrun.RiverrunError, match="exists already"):
        train(corpus, output=tmp_path / "model")
    train(corpus, output=tmp_path / "model", overwrite=True, steps=2)
    assert riverrun.load(tmp_path / "model").facts["steps"] == 2


def test_training_leaves_the_process_as_it_was(corpus):
    import numpy as np
    import torch

    before = torch.get_num_threads()
    train(corpus, settings=tiny.SETTINGS | {"training.threads": 2})
    assert torch.get_num_threads() == before
    assert np.float32(1e-30) * np.float32(1e-10) > 0  # tiny numbers are not flushed to zero any more
    assert not torch.is_inference_mode_enabled()


def test_a_text_in_place_of_a_path_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(riverrun.RiverrunError, match="no such file"):
        train("It was the best of times,\nit was the worst of times. " * 200)


def test_a_stream_is_the_generated_text_in_pieces_and_may_be_endless(model):
    pieces = list(model.stream("the", 200, seed=3))
    assert len(pieces) > 3
    assert "".join(pieces) == model.generate("the", 200, seed=3)
    endless = itertools.islice(model.stream("the", seed=3), 12)
    assert "".join(endless).startswith("".join(pieces)[:200])


def test_a_longer_text_begins_like_a_shorter_one(model):
    assert model.generate("the", 150, seed=5).startswith(model.generate("the", 33, seed=5))


def test_sample_k_does_not_depend_on_how_many_are_made(model):
    many = [sample.text for sample in model.samples("the", 30, n=5, seed=2)]
    few = [sample.text for sample in model.samples("the", 30, n=2, seed=2)]
    assert many[:2] == few
    assert many[0] == model.generate("the", 30, seed=2)
    assert len(set(many)) > 1


def test_without_a_seed_every_text_is_another(model):
    assert model.generate("the", 60) != model.generate("the", 60)


def test_a_stop_text_ends_a_sample_before_it(model):
    full = model.generate("the", 300, seed=1)
    stop = full[40:43]
    (sample,) = model.samples("the", 300, seed=1, stop=[stop])
    assert sample.text == full[: full.index(stop)]
    assert sample.finish_reason == "stop"
    assert "".join(model.stream("the", 300, seed=1, stop=[stop])) == sample.text


def test_nothing_asked_for_is_nothing(model):
    assert model.generate("the", 0) == ""
    assert list(model.stream("the", 0)) == []


def test_an_empty_prompt_begins_a_document(model):
    assert len(model.generate(length=25, seed=1)) == 25


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"length": -1}, "length = -1"),
        ({"n": 0}, "n = 0"),
        ({"temperature": -0.1}, "temperature"),
        ({"top_k": -1, "top_p": 7}, r"top-k.*top-p"),
    ],
)
def test_values_out_of_range_are_refused(model, given, said):
    with pytest.raises(riverrun.RiverrunError, match=said):
        model.samples("the", **given)


def test_text_that_is_none_is_refused(model):
    for use in (model.generate, model.score):
        with pytest.raises(riverrun.RiverrunError, match="not text"):
            use("a\ud800")


@pytest.mark.parametrize("unknown", ["unknown", "skip", "refuse"])
def test_an_unseen_character_in_a_prompt_follows_the_policy(unknown, corpus):
    model = train(corpus, settings=tiny.SETTINGS | {"text.unknown": unknown})
    if unknown == "refuse":
        with pytest.raises(riverrun.RiverrunError, match="'é'"):
            model.generate("thé")
        return
    with pytest.warns(UserWarning, match="never seen in training and .*: 'é'"):
        text = model.generate("thé", 20, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (model.generate("th", 20, seed=1) == text) == (unknown == "skip")


def test_two_budgets_are_refused(corpus):
    with pytest.raises(riverrun.RiverrunError, match="only one budget"):
        train(corpus, minutes=1)


def test_paths_may_be_strings_or_paths(corpus, tmp_path):
    train(Path(corpus), output=str(tmp_path / "model"))
    assert riverrun.load(str(tmp_path / "model")).evaluate(str(corpus)).tokens == len(corpus.read_text())


def test_errors_name_settings_in_python_and_flags_on_the_command_line(corpus, tmp_path):
    train(corpus, output=tmp_path / "model")
    with pytest.raises(riverrun.RiverrunError) as caught:
        train(corpus, output=tmp_path / "model")
    assert "by overwrite" in str(caught.value)
    assert "--overwrite" in caught.value.message
    (tmp_path / "bad.tsv").write_text("no tab\n")
    with pytest.raises(riverrun.RiverrunError, match=r"data\.skip_bad") as caught:
        train(tmp_path / "bad.tsv")
    assert "--data.skip-bad" in caught.value.message


def test_training_shows_how_it_goes_unless_told_otherwise(corpus, capsys):
    train(corpus)
    assert "held-out loss" in capsys.readouterr().err
    seen = []
    train(corpus, progress=False, on_event=seen.append)
    assert capsys.readouterr() == ("", "")
    assert [type(event).__name__ for event in seen][:: len(seen) - 1] == ["Started", "Stopped"]


def test_what_is_offered_is_listed():
    assert {"train", "load", "RiverrunError", "__version__"} <= set(dir(riverrun))
    assert (Path(riverrun.__file__).parent / "py.typed").exists()
