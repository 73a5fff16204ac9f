"""Curves are well-formed, show every line, and keep their points inside."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riverrun.reporting.curves import chart, smoothed

numbers = st.floats(-1e6, 1e6) | st.floats(-1e-6, 1e-6)
curves = st.lists(st.tuples(st.floats(0, 1e6), numbers), max_size=80).map(sorted)


def drawn(lines):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", chart(lines, "s & min", "loss"), re.DOTALL)[0])


@given(curves, curves)
@settings(deadline=None, max_examples=60)
def test_all_points_are_inside_whatever_the_values(one, other):
    if not one + other:
        assert "Nothing was measured" in chart({"a": one, "b": other}, "s", "loss")
        return
    svg = drawn({"a": one, "b": other})
    for line in svg.iter("polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 52 <= x <= 748
            assert 12 <= y <= 260
    for circle in svg.iter("circle"):
        assert 52 <= float(circle.get("cx")) <= 748
        assert 12 <= float(circle.get("cy")) <= 260


def test_a_single_point_is_a_circle_with_its_value():
    (circle,) = drawn({"held out": [(3.0, 1.25)]}).iter("circle")
    assert circle.find("title").text == "3: 1.2500"


def test_values_that_are_no_numbers_are_left_out():
    (circle,) = drawn({"a": [(1.0, float("inf")), (2.0, float("nan")), (3.0, 1.0)]}).iter("circle")
    assert circle.find("title").text.startswith("3:")


def test_ticks_are_round_and_few():
    texts = [text.text for text in drawn({"a": [(0, 1.37), (100, 4.2)]}).iter("text")]
    ticks = [float(text) for text in texts if re.fullmatch(r"[\d.]+", text)]
    assert 6 <= len(ticks) <= 16
    assert {0.0, 20.0, 100.0, 2.0} <= set(ticks)


@pytest.mark.parametrize("count", [0, 1, 119, 120, 121, 5000])
def test_smoothing_keeps_the_mean_and_the_end(count):
    line = [(float(n), float(n % 7)) for n in range(count)]
    found = smoothed(line)
    assert len(found) <= 120
    assert not line or found[-1][0] == line[-1][0]
    assert len(line) > 120 or found == line
