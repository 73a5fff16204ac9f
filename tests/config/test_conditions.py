"""A setting that would change nothing is refused, with the reason."""

import pytest

from riverrun.config.building import build_settings
from riverrun.config.conditions import CONDITIONS, refuse_idle
from riverrun.config.settings import Settings
from riverrun.errors import SettingsError


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (
            "text",
            {"training.optimizer": "adam", "training.weight_decay": 0.1},
            "weight_decay: .*adam; it needs adamw",
        ),
        ("text", {"training.optimizer": "rmsprop", "training.momentum": 0.5}, "momentum"),
        ("text", {"model.kernel": 5}, "model.kernel: changes nothing under model.core = lstm"),
        (
            "text",
            {"data.window": 5},
            "data.window: changes nothing under data.reading = lanes; it needs windows",
        ),
        ("text", {"data.stride": 5, "data.order": "as-written"}, "data.stride, data.order: changes nothing"),
        ("text", {"data.reading": "windows", "training.chunk": 5}, "training.chunk"),
        ("text", {"training.plateau_patience": 5}, "training.plateau_patience.* it needs plateau"),
        ("text", {"training.softmax": "full", "training.negatives": 5}, "training.negatives"),
        ("text", {"text.unit": "byte", "text.min_count": 5}, "text.min_count"),
        ("text", {"text.unit": "bpe", "text.unknown": "skip"}, "text.unknown"),
        (
            "text",
            {"model.members": 3, "data.max_length": 9},
            "data.max_length, model.members: only for pairs",
        ),
        ("pairs", {"model.features": 3}, "model.features: only for text, and these are pairs"),
        ("pairs", {"text.unit": "word"}, "text.unit: only for text.*give data.source_unit"),
        ("pairs", {"model.attention": "none", "model.input_feeding": True}, "model.input_feeding"),
    ],
)
def test_idle_settings_are_refused(kind, given, said):
    with pytest.raises(SettingsError, match=said) as caught:
        refuse_idle(build_settings(given), kind)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", {}),
        ("pairs", {}),
        ("text", {"training.optimizer": "sgd", "training.weight_decay": 0.1, "training.momentum": 0}),
        ("text", {"model.core": "conv", "model.kernel": 5}),
        ("text", {"data.reading": "windows", "data.window": 5}),
        ("text", {"text.unit": "byte", "text.min_count": 1}),
        ("pairs", {"model.input_feeding": True, "model.attention": "dot"}),
    ],
)
def test_settings_that_matter_pass(kind, given):
    refuse_idle(build_settings(given), kind)


def test_conditions_name_settings_that_there_are():
    known = {f"{section}.{key}" for section, values in Settings() for key, _ in values}
    for condition in CONDITIONS:
        assert set(condition.settings) <= known
        assert condition.decider in known | {"kind"}
