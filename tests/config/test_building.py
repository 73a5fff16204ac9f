"""Settings: layered, and refused all at once with the nearest name."""

import math
from pathlib import Path

import pytest

from riverrun.config.building import build_settings, known_keys, read_toml
from riverrun.errors import SettingsError


def test_every_setting_is_described():
    assert all(about for key, about in known_keys().items())


def test_later_layers_win_and_dashes_are_underscores():
    settings = build_settings(
        {"training.learning_rate": 1.0, "model.hidden": 3}, {"training.learning-rate": "2"}
    )
    assert (settings.training.learning_rate, settings.model.hidden) == (2.0, 3)


def test_auto_undoes_a_choice():
    assert build_settings({"model.hidden": 5}, {"model.hidden": "auto"}).model.hidden is None
    for key in ("training.device", "training.precision"):
        section, name = key.split(".")
        assert getattr(getattr(build_settings({key: "auto"}), section), name) == "auto"


def test_all_faults_are_reported_at_once_in_one_line():
    with pytest.raises(SettingsError) as caught:
        build_settings(
            {
                "model.hiden": 3,
                "hidden": 3,
                "training.bacth": 1,
                "model.dropout": 1.0,
                "text.unit": "chars",
                "training.seed": -1,
                "budget.steps": 5,
                "budget.minutes": 1,
            }
        )
    said = str(caught.value)
    for part in (
        "unknown setting model.hiden; did you mean model.hidden?",
        "unknown setting hidden; did you mean model.hidden?",
        "unknown setting training.bacth; did you mean training.batch?",
        "model.dropout = 1.0: input should be less than 1",
        "text.unit = 'chars'",
        "training.seed = -1",
    ):
        assert part in said
    assert "\n" not in said


def test_two_budgets_are_refused():
    with pytest.raises(SettingsError, match="minutes and steps: give only one budget"):
        build_settings({"budget.minutes": 1}, {"budget.steps": 1})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.learning_rate", 0),
        ("training.learning_rate", math.nan),
        ("training.learning_rate", math.inf),
        ("training.learning_rate", "fast"),
        ("training.batch", 0),
        ("training.batch", 1.5),
        ("training.chunk", "many"),
        ("training.keep_checkpoints", 0),
        ("training.optimizer", "lion"),
        ("training.preview_temperatures", "0.5,hot"),
        ("training.preview_temperatures", [-1.0]),
        ("model.layers", 0),
        ("model.core", "transformer"),
        ("model.dropout", -0.1),
        ("text.lower", "perhaps"),
        ("text.max_vocabulary", 2),
        ("data.validation", 0),
        ("data.validation", 1.0),
        ("data.validation", "1.5"),
        ("data.validation", "0"),
        ("data.validation", "-0.1"),
        ("budget.minutes", 0),
        ("budget.steps", -3),
    ],
)
def test_values_out_of_range_are_refused_by_name(key, value):
    with pytest.raises(SettingsError, match=key.replace(".", r"\.")) as caught:
        build_settings({key: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"[model\n", b"\xff", b"model = 3", b"[model]\nhidden = nan", b"a.b.c = 1"]
)
def test_a_bad_file_of_settings_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        build_settings(read_toml(tmp_path / "bad.toml"))
    assert "\n" not in str(caught.value)


def test_a_missing_file_of_settings_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"no-such\.toml"):
        read_toml(tmp_path / "no-such.toml")


@pytest.mark.parametrize("name", ["a\x00b", "nosuch.toml"])
def test_a_settings_file_that_cannot_be_read_is_refused_in_one_line(name):
    with pytest.raises(SettingsError, match="settings file"):
        read_toml(Path(name))
