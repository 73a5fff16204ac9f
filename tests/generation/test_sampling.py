"""The settings of sampling: said once, checked, and shown wherever they are given."""

import inspect
import math

import numpy as np
import pytest

import riverrun
from riverrun.errors import InputError
from riverrun.generation.sampling import LATEST, SETTINGS, Sampling, SamplingOptions


def test_what_editors_read_is_what_there_is():
    assert list(SamplingOptions.__annotations__) == list(SETTINGS)
    assert {name: each.kind for name, each in SETTINGS.items()} == SamplingOptions.__annotations__


@pytest.mark.parametrize("method", ["generate", "stream", "samples"])
def test_help_shows_every_setting_with_its_default(method):
    shown = inspect.signature(getattr(riverrun.TrainedLanguageModel, method)).parameters
    assert {name: shown[name].default for name in SETTINGS} == vars(Sampling())
    assert {"prompt", "length", "seed", "stop"} < set(shown)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("temperature", -0.1, "temperature = -0.1: must be 0 or more"),
        ("temperature", math.inf, "finite"),
        ("temperature", math.nan, "0 or more"),
        ("temperature", "warm", "temperature = 'warm': must be a number"),
        ("temperature", None, "must be a number"),
        ("temperature", True, "must be a number"),
        ("top_k", 2.5, "top-k = 2.5: must be a whole number"),
        ("top_k", 10**30, "top-k"),
        ("top_p", 1.01, "top-p = 1.01: must be 0 to 1"),
        ("repetition_penalty", 0, "above 0"),
        ("repetition_window", LATEST + 1, f"0 to {LATEST}"),
        ("uniform", 1, "true or false"),
    ],
)
def test_a_value_that_is_none_is_refused(name, value, said):
    with pytest.raises(InputError, match=said):
        Sampling(**{name: value})


def test_all_faults_are_named_at_once():
    with pytest.raises(InputError, match=r"top-k.*top-p.*uniform"):
        Sampling(top_k=-1, top_p=7, uniform="no")  # pyright: ignore[reportArgumentType]


def test_numbers_of_numpy_are_numbers():
    assert Sampling(temperature=np.float32(0.5), top_k=np.int64(3)).top_k == 3
