"""Memories made while networks are trained."""

import itertools
import json

import pytest

import tiny
from riverrun.bundle import read_facts
from riverrun.errors import SettingsError
from riverrun.training import held_out_memory

MEMORY = {"model__memory": "true"}


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """A run with a memory: its directory and its events."""
    output = tmp_path_factory.mktemp("remembering") / "model"
    return output, tiny.train(corpus, output, **MEMORY)


def test_a_memory_that_is_wanted_is_kept(trained):
    output, happened = trained
    assert (output / "memory.safetensors").exists()
    facts = read_facts(output)
    assert facts["memory"]["symbols"] > 0
    assert facts["memory"]["symbols_let_go"] == 0
    evaluated = [event for event in happened if hasattr(event, "figures") and event.figures]
    alone = [event.figures[held_out_memory.ALONE] for event in evaluated]
    assert alone
    assert all(event.nats_per_token != each for event, each in zip(evaluated, alone, strict=True))


def test_the_network_is_the_same_without(trained, corpus, tmp_path):
    tiny.train(corpus, tmp_path / "plain", model__memory="false")
    assert tiny.weights(tmp_path / "plain") == tiny.weights(trained[0])
    assert not (tmp_path / "plain" / "memory.safetensors").exists()
    assert "memory" not in read_facts(tmp_path / "plain")


def test_of_little_text_none_is_tried(corpus, tmp_path):
    tiny.train(corpus, tmp_path / "model")
    assert not (tmp_path / "model" / "memory.safetensors").exists()


def test_where_it_helps_it_is_kept_unasked(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(held_out_memory, "SHORTEST_TEXT", 100)
    monkeypatch.setattr(held_out_memory, "SHORTEST_HELD_OUT", 10)
    happened = tiny.train(corpus, tmp_path / "model")
    kept = (tmp_path / "model" / "memory.safetensors").exists()
    best = happened[-1].best
    assert kept == (best.nats_per_token < best.figures[held_out_memory.ALONE])
    assert best.nats_per_token <= best.figures[held_out_memory.ALONE]


def test_killed_and_resumed_it_is_the_same(trained, corpus, tmp_path):
    output = tmp_path / "run"
    tiny.kill_after(2, corpus, output, training__checkpoint_every=4, **MEMORY)
    for count in itertools.count(4, 4):
        tiny.kill_after(count, corpus, output, resume=True, training__checkpoint_every=4, **MEMORY)
        if (output / "manifest.json").exists():
            break
    for name in ("memory.safetensors", "model.safetensors"):
        assert (output / name).read_bytes() == (trained[0] / name).read_bytes()


def test_windows_have_none(corpus, tmp_path):
    with pytest.raises(SettingsError, match=r"model\.memory"):
        tiny.train(corpus, tmp_path / "model", data__reading="windows", **MEMORY)


def test_a_budget_in_minutes_bounds_what_is_read():
    from riverrun.config.resolved import Budget

    assert held_out_memory.symbols_within(Budget("minutes", 1)) == 1_500_000
    assert held_out_memory.symbols_within(Budget("minutes", 1000)) == held_out_memory.LONGEST_TEXT
    assert held_out_memory.symbols_within(Budget("steps", 1)) == held_out_memory.LONGEST_TEXT


def test_settings_are_kept_as_they_were_wished(trained):
    assert 'memory = "true"' in (trained[0] / "config.toml").read_text()
    assert json.loads((trained[0] / "manifest.json").read_bytes())["files"]["memory.safetensors"]["size"] > 0
