"""The cache directory, and files in it that are whole or not there."""

import pytest

from riverrun.data.cache import cache_directory, clean, write_atomically


def test_the_environment_names_the_cache(own_cache):
    assert cache_directory() == own_cache


def test_without_it_the_platform_does(monkeypatch):
    monkeypatch.delenv("RIVERRUN_CACHE")
    assert cache_directory().name == "riverrun"


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a" / "b"
    write_atomically(path, b"old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        write_atomically(path, b"new")
    assert [p.read_bytes() for p in path.parent.iterdir()] == [b"old"]


def test_cleaning_frees_what_it_says_and_touches_nothing_else(own_cache):
    write_atomically(own_cache / "ids" / "a.bin", b"12345")
    write_atomically(own_cache / "texts" / "a.txt", b"123")
    write_atomically(own_cache / "mine.txt", b"1")
    assert clean() == 8
    assert [path.name for path in own_cache.iterdir()] == ["mine.txt"]
    assert clean() == 0
