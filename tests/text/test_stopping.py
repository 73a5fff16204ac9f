"""Stop strings are found wherever the pieces of a stream are cut, and never shown."""

from hypothesis import given
from hypothesis import strategies as st

from riverrun.text.stopping import Stops, StopScanner

texts = st.text(alphabet="abc", max_size=30)


@given(
    text=texts,
    stops=st.lists(st.text(alphabet="abc", max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 30)),
)
def test_what_is_shown_is_the_text_before_the_first_stop(text, stops, cuts):
    scanner, shown = StopScanner(stops), ""
    places = sorted({min(cut, len(text)) for cut in cuts})
    for start, stop in zip([0, *places], [*places, len(text)], strict=True):
        shown += scanner.push(text[start:stop])
    shown += "" if scanner.stopped else scanner.flush()
    ends = [
        (end, len(stop))
        for end in range(len(text) + 1)
        for stop in stops
        if stop and text[:end].endswith(stop)
    ]
    if not ends:
        assert (shown, scanner.stopped) == (text, False)
    else:  # of those that are complete first, the longest
        first = min(end for end, _ in ends)
        assert (shown, scanner.stopped) == (text[: first - max(n for end, n in ends if end == first)], True)


def test_nothing_is_held_back_that_cannot_begin_a_stop():
    scanner = StopScanner(["\n\n"])
    assert scanner.push("abc") == "abc"
    assert scanner.push("d\n") == "d"
    assert scanner.push("e") == "\ne"


def test_a_hundred_thousand_stops_are_one_automaton():
    stops = Stops([f"{number:05d}." for number in range(100_000)])
    scanners = [StopScanner(stops) for _ in range(1000)]
    assert {scanner.push("so 12345 and 123456 are shown") for scanner in scanners} == {
        "so 12345 and 123456 are shown"
    }
    assert {scanner.push(", 98765. not") for scanner in scanners} == {", "}


def test_after_the_stop_nothing_more_is_shown():
    scanner = StopScanner(["stop"])
    assert scanner.push("go st") == "go "
    assert scanner.push("op and go") == ""
    assert scanner.push("on") + scanner.flush() == ""
