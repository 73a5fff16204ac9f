"""Packed files give what was packed; damaged ones are named; archives are refused with advice."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile

import pytest

from riverrun.data.corpus import open_corpus, read_text
from riverrun.data.formats import text as formats
from riverrun.data.formats import trees, unpacking
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = "naïve 河は流れる, many a line\n" * 50
PACKED = {
    "gz": gzip.compress(TEXT.encode(), mtime=0),
    "bz2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zst": zstd.compress(TEXT.encode()),
}


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("ending", [".txt.{}", ".{}", ""])
def test_packed_text_is_unpacked_whatever_its_name(suffix, ending, tmp_path):
    assert read_text(str(write(tmp_path / f"a{ending.format(suffix)}", PACKED[suffix]))) == TEXT


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_damage_is_named(suffix, harm, tmp_path):
    packed = bytearray(PACKED[suffix])
    if harm == "changed":
        packed[len(packed) // 2 : len(packed) // 2 + 8] = b"\xff" * 8
    path = write(
        tmp_path / f"a.txt.{suffix}", bytes(packed[: -len(packed) // 3] if harm == "cut" else packed)
    )
    with pytest.raises(CorpusError, match=rf"a\.txt\.{suffix} (cannot be read|is not UTF-8|is not text)"):
        open_corpus([path])


def test_packed_pages_and_tables_are_read_for_what_they_are(tmp_path):
    reading = Reading("auto", "unify")
    assert read_text(str(write(tmp_path / "a.html.gz", gzip.compress(b"<p>a page"))), reading) == "a page\n"
    assert read_text(str(write(tmp_path / "a.jsonl.zst", zstd.compress(b'{"text": "x"}'))), reading) == "x\n"


def test_what_unpacks_to_very_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "LARGEST", 1000)
    with pytest.raises(CorpusError, match="unpacks to more than"):
        open_corpus([write(tmp_path / "a.gz", PACKED["gz"])])
    assert len(read_text(str(write(tmp_path / "a.txt", TEXT.encode())))) > 1000


def test_a_packed_archive_is_no_text(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"text"))
    path = write(tmp_path / "books.tar.gz", buffer.getvalue())
    with pytest.raises(
        CorpusError, match=r"books\.tar\.gz is a tar archive: unpack it \(tar -xf books\.tar\.gz\)"
    ):
        open_corpus([path])


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive: unpack it"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive: unpack it"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
        (b"PAR1\x15\x04", "a Parquet table: save it as .csv or .jsonl"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"A book" + bytes(54) + b"BOOKMOBI", "a Kindle book: convert it to .epub"),
    ],
)
def test_other_kinds_are_refused_by_their_first_bytes(first, name, tmp_path):
    with pytest.raises(CorpusError, match=f"is {name}"):
        open_corpus([write(tmp_path / "a.txt", first + bytes(300))])


def test_pages_that_would_not_fit_into_memory_are_refused(tmp_path, monkeypatch):
    reading = Reading("auto", "unify")
    path = write(tmp_path / "a.html.gz", gzip.compress(b"<p>a" * 1000))
    monkeypatch.setattr(trees, "MOST", 100)
    with pytest.raises(CorpusError, match=r"a\.html\.gz holds more than 100 tags: give its text"):
        read_text(str(path), reading)
    monkeypatch.setattr(formats, "LARGEST_DOCUMENT", 100)
    with pytest.raises(CorpusError, match=r"a\.html\.gz is larger than 0 MiB: give its text"):
        read_text(str(path), reading)
