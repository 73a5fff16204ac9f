"""The cache directory, and files in it that are whole or not there."""

import os

import pytest

from riverrun.data import cache
from riverrun.data.cache import cache_directory, clean
from riverrun.files import outgoing


def test_the_environment_names_the_cache(own_cache):
    assert cache_directory() == own_cache


def test_without_it_the_platform_does(monkeypatch):
    monkeypatch.delenv("RIVERRUN_CACHE")
    assert cache_directory().name == "riverrun"


def test_cleaning_frees_what_it_says_and_touches_nothing_else(own_cache):
    outgoing.write(own_cache / "ids" / "a.bin", b"12345")
    outgoing.write(own_cache / "texts" / "a.txt", b"123")
    outgoing.write(own_cache / "mine.txt", b"1")
    assert clean() == 8
    assert [path.name for path in own_cache.iterdir()] == ["mine.txt"]
    assert clean() == 0


@pytest.mark.parametrize("given", ["file", "file/below", "/proc/riverrun-cannot-be-made"])
def test_where_none_can_be_written_a_temporary_one_serves_and_that_is_said_once(given, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RIVERRUN_CACHE", str(tmp_path / given))
    with pytest.warns(UserWarning, match=r"cannot be written .* RIVERRUN_CACHE") as said:
        kept = [cache.keep("ids", name, name.encode()) for name in ("a", "b")]
    assert len(said) == 1
    assert [path.read_text() for path in kept] == ["a", "b"]
    assert cache.find("ids", "b") == kept[1]
    assert not kept[0].is_relative_to(tmp_path)


root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)
posix = pytest.mark.skipif(os.name != "posix", reason="this system says otherwise who may write")


@root
def test_what_another_user_put_there_is_not_there(own_cache):
    path = cache.keep("ids", "a", b"theirs")
    assert cache.find("ids", "a") == path
    os.chown(path, 12345, 12345)
    assert cache.find("ids", "a") is None
    cache.keep("ids", "a", b"ours")
    assert cache.find("ids", "a").read_bytes() == b"ours"


def test_a_link_is_no_entry(own_cache, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (own_cache / "ids").mkdir(parents=True)
    (own_cache / "ids" / "a").symlink_to(tmp_path / "secret")
    assert cache.find("ids", "a") is None


@posix
def test_a_directory_for_code_is_closed(own_cache):
    folder = cache.private_directory("loops")
    assert folder == own_cache.resolve() / "loops"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cache.private_directory("loops") == folder


@posix
def test_a_directory_that_was_open_is_not_trusted_and_not_closed(own_cache):
    (own_cache / "loops").mkdir(parents=True)
    (own_cache / "loops").chmod(0o777)
    assert cache.private_directory("loops") is None
    assert (own_cache / "loops").stat().st_mode & 0o777 == 0o777


@root
def test_a_directory_with_code_of_another_user_is_not_trusted(own_cache):
    planted = cache.private_directory("loops") / "planted.nbi"
    planted.write_bytes(b"")
    assert cache.private_directory("loops") is not None
    os.chown(planted, 12345, 12345)
    assert cache.private_directory("loops") is None
