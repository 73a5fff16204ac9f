"""Lines that two texts share are found as a plain search finds them, in bounded memory."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data import repeats as room
from riverrun.data.repeats import Repeats, repeats

texts = st.lists(st.sampled_from(["a", "b ", " c", "", "dd", "x" * 150, "x" * 151]), max_size=20).map(
    "\n".join
)


@given(texts, texts, st.integers(0, 40))
def test_as_a_plain_search(text, other, cut):
    wanted = [line.strip() for line in text.split("\n") if line.strip()]
    known = {line.strip() for line in other.split("\n")}
    hits = [line for line in wanted if line in known]
    found = repeats([text[:cut], text[cut:]], [other])
    assert found == Repeats(len(wanted), sum(map(len, wanted)), len(hits), sum(map(len, hits)))


def test_names_that_stand_five_times_each_are_nearly_all_repeated():
    names = [f"name{n}" for n in range(300)] * 5
    random.Random(0).shuffle(names)
    found = repeats(["\n".join(names[1350:])], ["\n".join(names[:1350])])
    assert found.lines == 150
    assert found.share > 0.95


def test_of_very_many_lines_a_sample_is_kept(monkeypatch):
    monkeypatch.setattr(room, "_KEPT", 500)
    found = repeats((f"line {n}\n" for n in range(20_000)), (f"line {n}\n" for n in range(0, 20_000, 4)))
    assert 100 < found.lines <= 500
    assert found.share == pytest.approx(0.25, abs=0.08)


def test_memory_does_not_grow_with_the_number_of_lines(monkeypatch):
    monkeypatch.setattr(room, "_KEPT", 1000)

    def peak(count):
        tracemalloc.start()
        repeats((f"a line of text, number {n}\n" for n in range(count)), (f"{n}\n" for n in range(count)))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(40_000) < 1.5 * peak(5_000)
