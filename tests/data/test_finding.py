"""Folders and globs: what is used and what is left out is said with counts."""

import gzip
import io
import os
import sys
import warnings
from types import SimpleNamespace

import pytest

from riverrun.data.corpus import open_corpus, read_text
from riverrun.data.reading_settings import Reading
from riverrun.errors import CorpusError

AUTO = Reading("auto", "unify")


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def mixed(folder):
    write(folder / "a.txt", "plain\n")
    write(folder / "b.html", "<p>page</p>")
    write(folder / "c/d.md", "# marked\n")
    write(folder / "c/e.jsonl", '{"text": "row"}\n')
    write(folder / "f.csv", "id,body\n1,x\n")
    write(folder / "g.png", b"\x89PNG\r\n")
    write(folder / "h.zip", b"PK\x03\x04 and no more")
    write(folder / "i.py", "print()\n")
    write(folder / "j.pdf", b"%PDF-1.4 and no more")
    write(folder / "k.json", "{}\n")
    write(folder / ".hidden.txt", "hidden\n")
    return folder


def said(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("glob", [False, True])
def test_a_mixed_folder_is_accounted_for(tmp_path, glob):
    folder = mixed(tmp_path / "mixed")
    item = str(folder / "**") if glob else str(folder)
    text, (account,) = said(lambda: read_text(item, AUTO))
    assert text == "plain\npage\n# marked\nrow\n"
    used, left_out = account.split("; ", 1)
    assert used == f"{item}: 4 files used: 1 .txt, 1 .html (a web page), 1 .md, 1 .jsonl (JSON lines)"
    assert left_out.startswith("6 left out: ")
    for part in (
        "1 .csv (there is no column text but id, body",
        "1 .png (a picture)",
        "1 .zip (a zip archive that is damaged)",
        "1 .py (not an ending of texts)",
        "1 .pdf (is a PDF that is damaged",
        "1 .json (not an ending of texts)",
    ):
        assert part in left_out


def test_as_it_stands_a_folder_gives_markup_and_tables_raw(tmp_path):
    text, (account,) = said(lambda: read_text(str(mixed(tmp_path / "mixed"))))
    assert text == "plain\n<p>page</p># marked\n" + '{"text": "row"}\n' + "id,body\n1,x\n"
    assert "1 .html," in account


def test_a_folder_of_plain_text_needs_no_word(tmp_path):
    write(tmp_path / "a.txt", "a\n")
    write(tmp_path / "b.md", "b\n")
    assert said(lambda: read_text(str(tmp_path), AUTO)) == ("a\nb\n", [])


def test_a_folder_of_programs_alone_is_read(tmp_path):
    write(tmp_path / "a.py", "a = 1\n")
    write(tmp_path / "Makefile", "all:\n")
    assert said(lambda: read_text(str(tmp_path), AUTO)) == ("all:\na = 1\n", [])


def test_a_folder_without_text_says_what_is_in_it(tmp_path):
    write(tmp_path / "a.png", b"\x89PNG\r\n")
    with (
        pytest.warns(UserWarning, match=r"no file used; 1 left out: 1 \.png \(a picture\)"),
        pytest.raises(CorpusError, match="no text files"),
    ):
        open_corpus([tmp_path], AUTO)


def test_data_without_a_reader_is_read_as_it_stands_and_that_is_said(tmp_path):
    path = write(tmp_path / "a.json", '{"a": 1}\n')
    with pytest.warns(UserWarning, match=r"a\.json is read as it stands, with its markup"):
        assert read_text(str(path), AUTO) == '{"a": 1}\n'


def test_what_is_piped_in_is_known_by_its_first_bytes(monkeypatch):
    for content, text in ((b"<html><p>page", "page\n"), (gzip.compress(b"packed"), "packed")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert read_text("-", AUTO) == text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x89PNG\r\n")))
    with pytest.raises(CorpusError, match="what was piped in is a picture"):
        read_text("-", AUTO)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CorpusError, match="cannot be read: Permission denied"):
        open_corpus([tmp_path])


@pytest.mark.parametrize("item", ["{}", "{}/**", "{}/**/*.txt"])
def test_links_are_not_followed_out_of_a_folder_nor_in_circles(tmp_path, item):
    folder, outside = tmp_path / "folder", write(tmp_path / "outside.txt", "outside\n")
    write(folder / "b/a.txt", "a\n")
    (folder / "b" / "circle.txt").symlink_to(folder, target_is_directory=True)
    (folder / "c.txt").symlink_to(outside)
    (folder / "d.txt").symlink_to(folder / "b" / "a.txt")
    text, (account,) = said(lambda: read_text(item.format(folder), AUTO))
    assert text == "a\na\n"
    assert "2 left out: 1 a link to a folder, 1 a link that leads out of the folder" in account


@pytest.mark.parametrize("pattern", ["folder/*.txt", "folder/*/*.txt", "folder/?/a.txt"])
def test_links_lead_a_pattern_out_of_no_folder(tmp_path, monkeypatch, pattern):
    for name in ("a.txt", "b/a.txt"):
        write(tmp_path / "folder" / name, "inside\n")
        write(tmp_path / "outside" / name, "outside\n")
    (tmp_path / "folder" / "c").symlink_to(tmp_path / "outside" / "b")
    (tmp_path / "folder" / "d.txt").symlink_to(tmp_path / "outside" / "a.txt")
    monkeypatch.chdir(tmp_path)
    text, (account,) = said(lambda: read_text(pattern, AUTO))
    assert text == "inside\n"
    assert "1 left out: 1 a link that leads out of the folder" in account
    monkeypatch.chdir(tmp_path / "folder")  # what is named itself may lead anywhere
    assert read_text("c/*.txt", AUTO) == read_text("d.txt", AUTO) == "outside\n"


@pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="only where open files can be reached without a name"
)
def test_of_what_is_piped_in_nothing_stays_in_a_directory(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"some text")))
    corpus = open_corpus(["-"], AUTO)
    assert "".join(corpus.texts()) == "some text"
    assert not list(tmp_path.iterdir())


def test_more_than_there_is_room_for_is_said(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"some text")))
    with pytest.raises(CorpusError, match="what was piped in cannot be kept while it is read: it is longer"):
        open_corpus(["-"], AUTO)


def test_a_pattern_of_folders_is_matched_as_shells_do(tmp_path, monkeypatch):
    for name in ("a.txt", "b/c.txt", "b/d/e.txt", "b/d/f.md", "b/.g/h.txt", "b/i[1].txt"):
        write(tmp_path / name, f"{name} ")
    monkeypatch.chdir(tmp_path)
    for pattern, names in {
        "**/*.txt": "a.txt b/c.txt b/d/e.txt b/i[1].txt",
        "b/**/*.txt": "b/c.txt b/d/e.txt b/i[1].txt",
        "b/**/?.md": "b/d/f.md",
        "**/[!e].txt": "a.txt b/c.txt",
        "*.txt": "a.txt",
        "b/**": "b/c.txt b/d/e.txt b/d/f.md b/i[1].txt",
    }.items():
        assert read_text(pattern, AUTO).split() == names.split()
    with pytest.raises(CorpusError, match="no such file"):
        read_text("**/*.nothing", AUTO)
    with pytest.raises(CorpusError, match="no such file"):
        read_text("nowhere/**", AUTO)
    with pytest.raises(CorpusError, match="no such file"):
        read_text("**/[z-a]", AUTO)


def test_zeros_without_end_are_refused_at_once():
    if not os.path.exists("/dev/zero"):
        pytest.skip("there is no /dev/zero here")
    with pytest.raises(CorpusError, match="a binary file: a zero byte near offset 0"):
        open_corpus(["/dev/zero"])
