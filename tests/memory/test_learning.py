"""Texts read into a memory."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import tiny_memory as tiny
from riverrun.files import owners
from riverrun.memory import kernels, learning
from riverrun.memory.learning import described, learn_memory
from riverrun.memory.shapes import BREAK, DIGIT, LETTER, OTHER
from riverrun.memory.stored import to_arrays
from riverrun.text import START


def nats(memory, ids):
    opinions = memory.opinions(np.concatenate([[START], ids]), 1)
    total = 0.0
    for symbol, odds in zip(opinions.targets, opinions.odds, strict=True):
        way = memory.tables.forks.path[memory.tables.forks.starts[symbol] :][
            : np.diff(memory.tables.forks.starts)[symbol]
        ]
        total += np.log1p(np.exp(np.where(way & 1, -odds[: len(way)], odds[: len(way)]))).sum()
    return total / len(ids)


def test_other_text_of_the_same_kind_is_expected():
    known = nats(tiny.memory(), tiny.ids(100, 5))
    assert known < 0.6 * np.log(tiny.SYMBOLS)
    assert nats(tiny.memory(), tiny.ids(400, 0)) < known  # what was read is expected more


def test_reading_is_a_function_of_the_ids():
    first, second = (tiny.memory() for _ in range(2))
    assert all(
        np.array_equal(each, other) for each, other in zip(first.tables[:6], second.tables[:6], strict=True)
    )


def test_of_a_long_text_the_end_is_read(monkeypatch):
    monkeypatch.setattr(learning, "LONGEST_TEXT", 500)
    ids = tiny.ids(400, 0)
    memory = learn_memory(ids, ["x"] * tiny.SYMBOLS, START)
    assert memory.symbols == 500
    assert np.array_equal(memory.tables.text[1:], ids[-500:])


def test_what_finds_no_room_is_counted(monkeypatch):
    roomy = tiny.memory()
    monkeypatch.setattr(learning, "MOST_PAGES", 64)
    cramped = learn_memory(tiny.ids(400, 0), ["x"] * tiny.SYMBOLS, START)
    assert cramped.lost > 0
    assert len(cramped.tables.pages) == 64 * 16
    assert roomy.lost < cramped.lost


def test_the_least_text_is_read():
    assert learn_memory(np.array([2]), ["", "", "a"], START).symbols == 1


def test_kinds_and_lower_case():
    kind, fold = described(["", "", "a", "A", "É", "7", "\n", ".", "日"])
    assert kind.tolist() == [OTHER, OTHER, LETTER, LETTER, LETTER, DIGIT, BREAK, OTHER, LETTER]
    assert fold.tolist() == [0, 0, 2, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", ["pages", "text", "places", "trust", "weights", "votes"])
def test_looking_changes_nothing(name):
    remembered = tiny.remembered()
    before = to_arrays(remembered, tiny.PIECES)[name].copy()
    remembered.memory.opinions(tiny.ids(50, 3), 1)
    assert np.array_equal(to_arrays(remembered, tiny.PIECES)[name], before)


compiled = pytest.mark.skipif(
    not hasattr(learning.read_in_parts, "_cache"), reason="numba's compiler is switched off: there is no code"
)


@compiled
def test_code_of_other_sources_is_not_taken(monkeypatch):
    tiny.memory()  # its code is kept from now on
    loop = learning.read_in_parts.py_func

    def kept():
        return kernels._Cache(loop)._cache_file._load_index()

    assert kept()
    monkeypatch.setattr(kernels, "_sources", hashlib.sha256(b"other"))
    assert not kept()


@compiled
def test_code_lies_where_nobody_else_can_write():
    assert owners.is_private_path(Path(learning.read_in_parts._cache.cache_path))
