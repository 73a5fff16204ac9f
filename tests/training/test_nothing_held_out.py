"""All of a text is learned where nothing is held out; then nothing is measured, and that is said."""

import pytest

import riverrun
import tiny
import tiny_pairs
from riverrun.cli.main import main
from riverrun.errors import SettingsError
from riverrun.training import events


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "t.txt").write_text(tiny.text(200) + "Ж")
    return tmp_path / "t.txt"


@pytest.mark.parametrize("reading", ["lanes", "windows"])
def test_the_last_weights_of_the_whole_text_are_the_model(reading, corpus, tmp_path):
    happened = tiny.train(corpus, tmp_path / "m", data__validation="none", data__reading=reading)
    started, stopped = happened[0], happened[-1]
    assert started.training_tokens == len(corpus.read_text())
    assert started.validation_tokens == 0
    assert not any(isinstance(event, events.Evaluated) for event in happened)
    assert any(isinstance(event, events.Previewed) for event in happened)
    assert (stopped.reason, stopped.best) == ("finished", None)
    model = riverrun.load(tmp_path / "m")
    assert not [name for name in model.facts if name.startswith("validation")]
    assert model.score("Ж").token_scores[0].known


def test_a_killed_run_goes_on(corpus, tmp_path):
    tiny.train(corpus, tmp_path / "whole", data__validation="none")
    tiny.kill_after(9, corpus, tmp_path / "m", data__validation="none")
    tiny.train(corpus, tmp_path / "m", resume=True, data__validation="none")
    assert tiny.weights(tmp_path / "m") == tiny.weights(tmp_path / "whole")


def test_what_looks_at_the_model_says_so(corpus, tmp_path, capsys):
    tiny.train(corpus, tmp_path / "m", data__validation="none")
    model = str(tmp_path / "m")
    assert main(["show", model]) == 0
    assert "nothing was held out" in capsys.readouterr().out
    assert main(["evaluate", model, str(corpus)]) == 0
    assert "learned from all of this" in capsys.readouterr().out
    assert main(["report", model, "-o", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "It was not measured on held-out text." in page
    assert "Surprisal of a held-out passage" not in page
    assert "not measured" in (tmp_path / "m" / "README.md").read_text()


def test_pairs_may_all_be_learned(tmp_path):
    pairs = tiny_pairs.write(tmp_path / "p.tsv", tiny_pairs.pronunciations(60))
    model = tiny_pairs.train(pairs, tmp_path / "m", steps=4, data__validation="none")
    assert model.facts["validation_pairs"] == 0
    assert model.facts["pairs"] == len(pairs.read_text().splitlines())
    assert "validation_exact_match" not in model.facts


@pytest.mark.parametrize("needing", [{"training__early_stopping": 2}, {"training__schedule": "plateau"}])
def test_what_needs_a_measure_is_refused(needing, corpus, tmp_path):
    with pytest.raises(SettingsError, match="leaves nothing to measure by"):
        tiny.train(corpus, tmp_path / "m", data__validation="none", **needing)
