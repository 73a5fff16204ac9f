"""The door in reads regular files up to a bound; the door out writes whole files or none."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.files import incoming, outgoing, owners


def test_what_goes_out_comes_in(tmp_path):
    for content in (b"", b"x", b"\x00\xff" * 70_000):
        outgoing.write(tmp_path / "deep" / "file", content)
        assert incoming.read(tmp_path / "deep" / "file", 1 << 20, len(content)) == content
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("most", "size", "said"), [(2, None, "more than 2"), (9, 4, "not 4"), (9, 2, "not 2")]
)
def test_other_lengths_are_refused(most, size, said, tmp_path):
    outgoing.write(tmp_path / "file", b"abc")
    with pytest.raises(OSError, match=said):
        incoming.read(tmp_path / "file", most, size)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    outgoing.write(tmp_path / "file", b"abc")
    plain = os.fstat

    def growing(descriptor):
        status = plain(descriptor)
        with open(tmp_path / "file", "ab") as stream:
            stream.write(b"more")
        return status

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", growing)
        with pytest.raises(OSError, match="changes while"):
            incoming.read(tmp_path / "file", 100)


def test_appending_adds_to_the_end_and_begins_a_file(tmp_path):
    for content in (b"one", b" two"):
        outgoing.append(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"one two"


@pytest.mark.parametrize("fails", ["open", "fsync", "replace"])
def test_a_failed_write_leaves_what_was_there_and_nothing_else(fails, tmp_path, monkeypatch):
    outgoing.write(tmp_path / "file", b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(os, fails, full)
        with pytest.raises(OSError, match="no room"):
            outgoing.write(tmp_path / "file", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_a_directory_is_made_whole_and_replaces_only_an_empty_one(tmp_path):
    outgoing.write_directory(tmp_path / "made", {"a": b"1", "b": b"2"})
    assert sorted((path.name, path.read_bytes()) for path in (tmp_path / "made").iterdir()) == [
        ("a", b"1"),
        ("b", b"2"),
    ]
    (tmp_path / "empty").mkdir()
    outgoing.write_directory(tmp_path / "empty", {"a": b"1"})
    with pytest.raises(OSError, match=r"made"):
        outgoing.write_directory(tmp_path / "made", {"c": b"3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "made"]


def test_removing_does_not_follow_links(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    outgoing.remove(tmp_path / "link")
    outgoing.remove(tmp_path / "not there")
    assert (tmp_path / "mine" / "file").exists()
    outgoing.remove(tmp_path / "mine")
    assert not list(tmp_path.iterdir())


@given(mode=st.integers(0, 0o1777))
def test_a_path_is_private_unless_others_may_write_on_it(mode, tmp_path_factory):
    above = tmp_path_factory.mktemp("above")
    (above / "code").mkdir(mode=0o700)
    above.chmod(mode | 0o700)
    assert owners.is_private_path(above / "code") == (not mode & 0o022 or bool(mode & 0o1000))
    above.chmod(0o700)
    (above / "code").chmod(mode | 0o700)
    assert owners.is_private_path(above / "code") == (not mode & 0o022)
    (above / "code").rmdir()
    above.rmdir()
