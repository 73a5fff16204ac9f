"""Texts from files, directories, globs, gzip and standard input; what cannot be read is said where."""

import gzip
import io
import os
import sys

import pytest

from riverrun.data.corpus import open_corpus, read_text
from riverrun.data.formats import unpacking as room
from riverrun.errors import CorpusError

TEXT = "naïve 河は流れる 🏞️\r\nline two\n"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_is_read_as_it_stands(tmp_path):
    corpus = open_corpus([write(tmp_path / "a.txt", TEXT)])
    assert "".join(corpus.texts()) == TEXT
    assert (corpus.characters, corpus.size) == (len(TEXT), len(TEXT.encode()))


@pytest.mark.parametrize("size", range(1, 12))
def test_characters_are_not_split_where_reading_is(tmp_path, monkeypatch, size):
    monkeypatch.setattr(room, "CHUNK_BYTES", size)
    assert read_text(str(write(tmp_path / "a.txt", "\ufeff" + TEXT))) == TEXT


@pytest.mark.parametrize("start", [0, 1, 7, 30])
@pytest.mark.parametrize("stop", [1, 9, 31, None])
def test_a_stretch_is_the_slice_of_all_texts(tmp_path, monkeypatch, start, stop):
    monkeypatch.setattr(room, "CHUNK_BYTES", 5)
    corpus = open_corpus([write(tmp_path / "a.txt", TEXT), write(tmp_path / "b.txt", "second")])
    assert "".join(corpus.texts(start, stop)) == (TEXT + "second")[start:stop]


def test_a_byte_order_mark_is_not_text(tmp_path):
    assert read_text(str(write(tmp_path / "a.txt", b"\xef\xbb\xbfab"))) == "ab"
    assert open_corpus([tmp_path / "a.txt"]).digest == open_corpus([write(tmp_path / "b.txt", "ab")]).digest


def test_gzip_is_unpacked(tmp_path):
    assert read_text(str(write(tmp_path / "a.txt.gz", gzip.compress(TEXT.encode())))) == TEXT


def test_a_directory_is_read_in_order_without_hidden_and_foreign_files(tmp_path):
    for name in ("b.txt", "a/z.txt", ".hidden.txt", ".git/x.txt"):
        write(tmp_path / name, name + "\n")
    write(tmp_path / "picture.png", b"\x89PNG\xff")
    with pytest.warns(UserWarning, match=r"2 files used: 2 \.txt; 1 left out: 1 \.png \(a picture\)"):
        assert read_text(str(tmp_path)) == "a/z.txt\nb.txt\n"


def test_a_directory_of_unknown_endings_is_read_whole(tmp_path):
    write(tmp_path / "one", "1")
    write(tmp_path / "two.log", "2")
    assert read_text(str(tmp_path)) == "12"


def test_a_glob_is_read_in_order(tmp_path):
    for name in ("b.txt", "a.txt", "c.md"):
        write(tmp_path / name, name)
    assert read_text(str(tmp_path / "*.txt")) == "a.txtb.txt"


def test_documents_open_where_files_begin(tmp_path):
    files = [write(tmp_path / name, name) for name in ("a.txt", "b.txt")]
    assert [chunk.opens_document for chunk in open_corpus(files).chunks()] == [True, True]


def test_standard_input_can_be_read_more_than_once(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    corpus = open_corpus(["-"])
    assert "".join(corpus.texts()) == "".join(corpus.texts()) == TEXT


def test_standard_input_is_named_as_such(monkeypatch):
    for content, said in (
        (b"caf\xe9", "what was piped in is not UTF-8 text"),
        (b"", "standard input is empty"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(CorpusError, match=f"^{said}"):
            open_corpus(["-"])
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CorpusError, match=r"^standard input is closed: pipe"):
        open_corpus(["-"])


def test_a_pipe_can_be_read_more_than_once():
    """As in ``riverrun train <(zcat book.gz)``."""
    reading, writing = os.pipe()
    os.write(writing, TEXT.encode())
    os.close(writing)
    corpus = open_corpus([f"/dev/fd/{reading}"])
    os.close(reading)
    assert "".join(corpus.texts()) == "".join(corpus.texts()) == TEXT


def test_the_digest_tells_texts_and_their_borders_apart(tmp_path):
    one = [write(tmp_path / "a", "ab"), write(tmp_path / "b", "c")]
    other = [write(tmp_path / "c", "a"), write(tmp_path / "d", "bc")]
    assert open_corpus(one).digest != open_corpus(other).digest
    assert open_corpus(one).digest != open_corpus(one[::-1]).digest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"good \xe9t\xe9", "byte 0xe9 at offset 5"),
        (b"\xef\xbb\xbfgood \xe9t\xe9", "byte 0xe9 at offset 8"),
        (b"x" * 20 + b"\xff", "byte 0xff at offset 20"),
        ("å".encode() * 6 + b"\xc3", "byte 0xc3 at offset 12"),
        ("å".encode() * 6 + b"\xc3a", "byte 0xc3 at offset 12"),
        ("wide".encode("utf-16"), "at offset 0.*iconv -f UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is a picture: give a text"),
        (b"abc\x00def", "zero byte near offset 3"),
        (b"abcdefghijkl\x00", "zero byte near offset 12"),
        (gzip.compress(b"abc" * 100, mtime=0)[:20], "cannot be read"),
        (gzip.compress(b"abc", mtime=0)[:10] + b"\xff" * 20, "cannot be read"),
        (gzip.compress(b"latin \xe9", mtime=0), "offset 6"),
    ],
)
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_what_is_not_text_is_refused_with_the_place(tmp_path, monkeypatch, content, said, size):
    monkeypatch.setattr(room, "CHUNK_BYTES", size)
    with pytest.raises(CorpusError, match=said) as caught:
        open_corpus([write(tmp_path / "bad.txt", content)])
    assert "bad.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "a\x00b",
        "a\x00/*",
        "missing.txt",
        "no/such/place.txt",
        "*.nothing",
        "x" * 5000,
        "a text\nand not a path",
        "",
    ],
)
def test_what_is_not_there_is_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError):
        open_corpus([name])


def test_an_empty_directory_and_no_input_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="no text files"):
        open_corpus([tmp_path])
    with pytest.raises(CorpusError, match="nothing"):
        open_corpus([])
