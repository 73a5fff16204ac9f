"""How long slices are."""

from riverrun.server.rhythm import Rhythm


def test_it_learns_from_what_it_measures():
    rhythm = Rhythm()
    assert rhythm.count("write", 1.0) > 1
    for _ in range(20):
        rhythm.took("write", 100, 0.1)
    assert 900 < rhythm.count("write", 1.0) < 1100
    assert rhythm.count("write", 0.0) == 1
    rhythm.took("write", 1, 60.0)  # another program was in the way
    assert 900 < rhythm.count("write", 1.0) < 1100
    for _ in range(20):
        rhythm.took("write", 10, 1.0)
    assert rhythm.count("write", 1.0) in range(9, 12)


def test_kinds_of_work_are_kept_apart():
    rhythm = Rhythm()
    rhythm.took("read", 1000, 0.0)
    rhythm.took("write", 1, 10.0)
    assert rhythm.count("read", 1.0) > 100
    assert rhythm.count("write", 1.0) == 1
