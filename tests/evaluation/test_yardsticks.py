"""Simple means of prediction: probabilities are probabilities, more context helps where there is some to use."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from riverrun.evaluation.yardsticks import yardsticks


def counted(learned: str, held_out: str, order: int) -> float:
    """The same, a character at a time."""
    text, size = learned + held_out, len(set(learned + held_out))
    bits = 0.0
    for place in range(len(learned), len(text)):
        probability = 1 / size
        for k in range(min(order, len(learned) - 1) + 1):
            context = text[place - k : place]
            after = [learned[i] for i in range(k, len(learned)) if learned[i - k : i] == context]
            if after:
                n, t = len(after), len(set(after))
                probability = (after.count(text[place]) + t * probability) / (n + t)
        bits -= math.log2(probability)
    return bits / len(held_out)


@given(st.text("abc天", min_size=1, max_size=30), st.text("abcx", min_size=1, max_size=10))
def test_it_is_what_counting_gives(learned, held_out):
    found = yardsticks(learned, held_out)
    assert found.single == pytest.approx(counted(learned, held_out, 0))
    assert found.context == pytest.approx(counted(learned, held_out, 3))


def test_probabilities_of_all_that_may_follow_sum_to_one():
    learned = "abracadabra"
    following = sorted(set(learned))
    each = [2 ** -counted(learned, character, 3) for character in following]
    assert sum(each) == pytest.approx(1)
    assert each == pytest.approx([2 ** -yardsticks(learned, c).context for c in following])


def test_context_helps_where_there_is_some():
    found = yardsticks(tiny.text(2000), tiny.text(400, seed=1))
    assert found.context < 0.6 * found.single
    draw = random.Random(0)
    noise = "".join(draw.choices("abcdefgh", k=8000))
    found = yardsticks(noise[:6000], noise[6000:])
    assert found.single == pytest.approx(3, abs=0.02)
    assert found.context > 2.99


def test_zlib_knows_what_came_before():
    text = "".join(itertools.islice(itertools.cycle("the river runs on and on. "), 2000))
    assert yardsticks(text, text[:500]).zlib < 0.3
    assert yardsticks("x", text[:500]).zlib > 0.5
