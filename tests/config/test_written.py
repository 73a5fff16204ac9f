"""Resolved settings survive config.toml, and nothing out of range comes in through it."""

from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riverrun.config.resolved import Budget, LanguageSettings, TranslatorSettings
from riverrun.config.written import read_language_settings, read_translator_settings, to_toml
from riverrun.errors import SettingsError

READERS = {LanguageSettings: read_language_settings, TranslatorSettings: read_translator_settings}
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def records(kind):
    """Any settings within their ranges; every field of every part is drawn."""
    budgets = st.builds(Budget, st.sampled_from(["minutes", "epochs", "steps"]), st.floats(0.001, 1e6))
    parts = {
        name: budgets
        if part is Budget
        else st.builds(
            part, **{k: st.from_type(h) for k, h in get_type_hints(part, include_extras=True).items()}
        )
        for name, part in get_type_hints(kind).items()
    }
    return st.builds(kind, **parts)


@settings(max_examples=60, deadline=None)
@given(st.one_of(*map(records, READERS)))
def test_any_settings_survive(given):
    assert READERS[type(given)](to_toml(given)) == given


@pytest.fixture
def written(tmp_path):
    import tiny

    corpus = tmp_path / "text.txt"
    corpus.write_text(tiny.text(200))
    tiny.train(corpus, tmp_path / "model", budget__steps=1)
    return (tmp_path / "model" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("hidden = 8", "hidden = 1000000000000", "model.hidden = 1000000000000: give 65536 or less"),
        ("hidden = 8", "hidden = true", "model.hidden = True: give a value of type int"),
        ("hidden = 8", "hidden = 8.0", "model.hidden = 8.0"),
        ("hidden = 8", "", "model.hidden is missing"),
        ('core = "lstm"', 'core = "rnn"', "model.core = 'rnn': give one of lstm, gru, conv"),
        ("features = 1", "features = 10000000000", "model.features"),
        ("clip = 1.0", "clip = nan", "training.clip = nan: give a finite number"),
        ("clip = 1.0", "clip = inf", "training.clip = inf: give a finite number"),
        ("preview_temperatures = [0.5]", "preview_temperatures = [" + "1.0," * 5000 + "]", "at most 16"),
        ("steps = 1", "steps = -1", "budget: give minutes, epochs or steps, above 0"),
        ("[model]", "[other]", "model.core is missing"),
        ("[model]", "[[model]]", "is not a section"),
    ],
)
def test_what_is_out_of_range_is_named(written, before, after, said):
    assert before in written
    with pytest.raises(SettingsError, match=said.replace("[", "\\[")) as caught:
        read_language_settings(written.replace(before, after, 1))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_several_faults_are_reported_together(written):
    with pytest.raises(SettingsError, match=r"model.hidden.*model.layers"):
        read_language_settings(
            written.replace("hidden = 8", "hidden = 0").replace("layers = 1", "layers = 0")
        )


def test_a_written_file_may_be_given_as_settings_again(written, tmp_path):
    from riverrun.config.building import build_settings, read_toml
    from riverrun.config.conditions import refuse_idle

    (tmp_path / "config.toml").write_text(written)
    again = build_settings(read_toml(tmp_path / "config.toml"))
    refuse_idle(again, "text")
    assert again.model.hidden == 8
