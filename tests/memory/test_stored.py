"""Memories as arrays: what comes in is checked."""

import numpy as np
import pytest

import tiny_memory as tiny
from riverrun.memory.stored import from_arrays, to_arrays


def test_there_and_back():
    arrays = to_arrays(tiny.remembered(), tiny.PIECES)
    again = to_arrays(from_arrays(arrays, tiny.PIECES), tiny.PIECES)
    assert again.keys() == arrays.keys()
    assert all(np.array_equal(again[name], arrays[name]) for name in arrays)


def test_of_another_vocabulary():
    with pytest.raises(ValueError, match="symbols"):
        from_arrays(to_arrays(tiny.remembered(), tiny.PIECES), (*tiny.PIECES, b"x"))
    with pytest.raises(ValueError, match="other symbols"):
        from_arrays(to_arrays(tiny.remembered(), tiny.PIECES), (*tiny.PIECES[:-1], b"x"))


@pytest.mark.parametrize("name", to_arrays(tiny.remembered(), tiny.PIECES))
def test_arrays_that_loops_would_leave_are_refused(name):
    arrays = to_arrays(tiny.remembered(), tiny.PIECES)
    for changed in (arrays[name][:-1], arrays[name].astype(np.float64), arrays[name][None]):
        with pytest.raises(ValueError):
            from_arrays(arrays | {name: changed}, tiny.PIECES)
    with pytest.raises(ValueError):
        from_arrays({other: array for other, array in arrays.items() if other != name}, tiny.PIECES)
    with pytest.raises(ValueError, match="other arrays"):
        from_arrays(arrays | {"more": arrays[name]}, tiny.PIECES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", tiny.SYMBOLS),
        ("places", 10_000_000),
        ("places", -1),
        ("kind", 4),
        ("fold", tiny.SYMBOLS),
        ("fold", -1),
        ("below", 10_000),
        ("trust", -1),
        ("trust", np.nan),
        ("weights", np.inf),
        ("votes", np.nan),
        ("gate", -np.inf),
    ],
)
def test_values_that_lead_astray_are_refused(name, value):
    arrays = to_arrays(tiny.remembered(), tiny.PIECES)
    changed = arrays[name].copy()
    changed[len(changed) // 2] = value
    with pytest.raises(ValueError):
        from_arrays(arrays | {name: changed}, tiny.PIECES)
