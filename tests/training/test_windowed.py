"""Training on windows: what is learned, and what is measured."""

import pytest

import riverrun
from riverrun.errors import SettingsError

BASE = {
    "data.reading": "windows",
    "data.window": 1,
    "model.hidden": 24,
    "model.dropout": 0,
    "training.loss": "last",
    "training.batch": 5,
    "training.learning_rate": 0.02,
    "training.threads": 1,
    "training.preview_length": 0,
}


@pytest.fixture
def alphabet(tmp_path):
    path = tmp_path / "alphabet.txt"
    path.write_text("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return path


@pytest.mark.parametrize(
    "framing",
    [
        {"model.input": "one-hot"},
        {"model.input": "embedding", "training.loss": "every", "data.window": 4},
        {"model.input": "one-hot", "data.window": 3, "data.shortest": 1},
        {"model.input": "one-hot", "data.state": "carried", "data.order": "as-written", "training.batch": 1},
        {"model.input": "one-hot", "model.features": 2},
    ],
    ids=["last", "every", "variable-length", "carried", "features"],
)
def test_the_alphabet_is_learned_in_every_framing(alphabet, tmp_path, framing):
    model = riverrun.train(
        alphabet,
        output=tmp_path / "model",
        steps=500,
        settings=BASE | {"data.validation": str(alphabet)} | framing,
    )
    assert model.facts["validation_accuracy"] == 1.0
    if not {"model.features", "data.state"} & framing.keys():
        assert model.generate("F", length=1, temperature=0) == "G"
    if model.settings.data.window == 1 and model.settings.data.state == "fresh":
        return  # has only ever seen its first step
    assert model.generate("ABC", length=1, temperature=0) == "D"


def test_contradictions_are_named(alphabet):
    with pytest.raises(SettingsError, match=r"training.loss = last needs data.reading = windows"):
        riverrun.train(alphabet, settings={"training.loss": "last"})
    with pytest.raises(SettingsError, match=r"carried needs data.order = as-written"):
        riverrun.train(alphabet, settings={"data.reading": "windows", "data.state": "carried"})
    with pytest.raises(SettingsError, match=r"data.shortest = 9 is more than data.window = 3"):
        riverrun.train(alphabet, settings={"data.reading": "windows", "data.window": 3, "data.shortest": 9})
    with pytest.raises(SettingsError, match=r"model.tied needs model.input = embedding"):
        riverrun.train(alphabet, settings={"model.tied": True, "model.input": "one-hot"})
