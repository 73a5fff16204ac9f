"""Symbols that go on after the end of a prompt."""

from hypothesis import given
from hypothesis import strategies as st

from riverrun.text.overhang import Readings

PIECES = (b"", b"", b"a", b"b", b"c", b"ab", b"abc", b"bcd", b" ", b" cat", b"xyz")
A, B, C, AB, SPACE, XYZ = 2, 3, 4, 5, 8, 10


def found(ids, kept=0):
    overhang = Readings(PIECES).overhang(ids, kept)
    longer = [sorted(PIECES[symbol] for symbol in others) for others in overhang.longer]
    return overhang.kept, overhang.tail, longer


def test_a_last_symbol_that_begins_another():
    assert found([XYZ, A]) == ([XYZ], [A], [[b"ab", b"abc"]])
    assert found([A, SPACE]) == ([A], [SPACE], [[b" cat"]])


def test_several_last_symbols_that_begin_another_together():
    assert found([XYZ, A, B]) == ([XYZ], [A, B], [[b"abc"], [b"bcd"]])
    assert found([A, B, C]) == ([A], [B, C], [[b"bcd"], []])


def test_nothing_goes_on():
    for ids in ([], [XYZ], [C], [A, XYZ], [A, 0]):
        assert found(ids) == (ids, [], [])


def test_what_must_be_kept_is():
    assert found([A], kept=1) == ([A], [], [])
    assert found([A, B], kept=1) == ([A], [B], [[b"bcd"]])


@given(
    st.lists(st.sampled_from([b"a", b"b", b"ab", b"ba", b"aab", b"bbb"]), unique=True),
    st.lists(st.integers(0, 5)),
)
def test_all_symbols_that_go_on_are_found(pieces, ids):
    table = (b"", b"", *pieces)
    ids = [2 + each % len(pieces) for each in ids] if pieces else []
    kept, tail, longer = Readings(table).overhang(ids)
    assert kept + tail == ids
    for place, others in enumerate(longer):
        text = b"".join(table[symbol] for symbol in tail[place:])
        expected = {s for s, piece in enumerate(table) if piece.startswith(text) and piece != text}
        assert set(others.tolist()) == expected
    if kept:
        text = b"".join(table[symbol] for symbol in [kept[-1], *tail])
        assert not any(piece.startswith(text) and piece != text for piece in table)
