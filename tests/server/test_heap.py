"""Freed memory goes back to the system once a minute."""

import sys

import pytest

from riverrun.server import heap
from riverrun.server.heap import PAUSE, Heap


def test_it_acts_once_in_a_while(monkeypatch):
    now, trimmed = [0.0], []
    monkeypatch.setattr(heap, "_trimmer", lambda: trimmed.append)
    tidied = Heap(lambda: now[0])
    acted = []
    for second in range(0, 4 * int(PAUSE), 10):
        now[0] = float(second)
        acted.append(tidied.tidy())
    assert len(trimmed) == sum(acted) == 3


def test_systems_without_the_call_go_without(monkeypatch):
    monkeypatch.setattr(heap, "_trimmer", lambda: None)
    now = iter([0.0, 2 * PAUSE])
    assert not Heap(lambda: next(now)).tidy()


@pytest.mark.skipif(sys.platform != "linux", reason="a call of glibc")
def test_the_call_is_taken_where_it_is_there():
    trim = heap._trimmer()
    assert trim is None or trim(0) in (0, 1)
