"""Encoded text in the cache: right, found again, safe for two at once."""

import errno
import hashlib
import json
import os
import subprocess
import sys

import pytest

import tiny
from riverrun.data.cache import cache_directory
from riverrun.data.corpus import open_corpus
from riverrun.data.formats import unpacking as corpus_room
from riverrun.data.ids import encode_corpus
from riverrun.errors import CorpusError, UnknownSymbolError
from riverrun.text import START

UNITS = ("byte", "char", "word", "bpe")


def files(folder, *texts):
    folder.mkdir(exist_ok=True)
    for index, text in enumerate(texts):
        (folder / f"{index}.txt").write_bytes(text.encode())
    return sorted(folder.glob("*.txt"))


def tokenizer_of(corpus, **settings):
    return tiny.tokenizer(corpus.texts(), **settings)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("size", [3, 11, 1 << 20])
def test_ids_are_the_encoding_of_each_document_with_a_start_between(
    unit, size, tmp_path, monkeypatch, own_cache
):
    monkeypatch.setattr(corpus_room, "CHUNK_BYTES", size)
    texts = ["naïve age,\n\n\n of 42 rivers", "it's 河は流れる ", "x"]
    corpus = open_corpus(files(tmp_path / "texts", *texts))
    tokenizer = tokenizer_of(corpus, unit=unit)
    ids = encode_corpus(corpus, tokenizer)
    expected = [START]
    for text in texts:
        expected += [*tokenizer.encode(text).tolist(), START]
    assert ids.read(0, ids.length).tolist() == expected[1:-1]
    assert (ids.counts.characters, ids.counts.size) == (len("".join(texts)), len("".join(texts).encode()))


def test_a_stretch_is_encoded_alone(tmp_path, own_cache):
    corpus = open_corpus(files(tmp_path / "texts", "abcdef", "ghij"))
    tokenizer = tokenizer_of(corpus)
    ids = encode_corpus(corpus, tokenizer, 4, 8)
    assert tokenizer.decode(ids.read(0, 2)) == "ef"
    assert ids.read(2, 3).tolist() == [START]
    assert tokenizer.decode(ids.read(3, ids.length)) == "gh"


@pytest.mark.parametrize(("symbols", "width"), [(254, 1), (255, 2), (65534, 2), (65535, 4)])
def test_ids_take_as_few_bytes_as_the_vocabulary_allows(symbols, width, tmp_path, own_cache):
    text = "".join(chr(0x10000 + index) for index in range(symbols))
    corpus = open_corpus(files(tmp_path / "texts", text))
    tokenizer = tokenizer_of(corpus)
    ids = encode_corpus(corpus, tokenizer)
    assert ids.width == width
    assert ids.path.stat().st_size == ids.length * width
    assert tokenizer.decode(ids.read(0, ids.length)) == text


def test_the_same_text_is_encoded_once_and_another_anew(tmp_path, own_cache):
    corpus = open_corpus(files(tmp_path / "texts", "abcabc"))
    tokenizer = tokenizer_of(corpus)
    first = encode_corpus(corpus, tokenizer)
    before = first.path.stat().st_mtime_ns
    assert encode_corpus(corpus, tokenizer).path == first.path
    assert first.path.stat().st_mtime_ns == before
    others = {
        encode_corpus(corpus, tokenizer, 0, 3).path,
        encode_corpus(corpus, tokenizer_of(corpus, unit="byte")).path,
        encode_corpus(open_corpus(files(tmp_path / "texts", "abcab")), tokenizer).path,
    }
    assert len(others | {first.path}) == 4


ENCODE = """
import sys
from riverrun.data.corpus import open_corpus
from riverrun.data.ids import encode_corpus
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer
print(encode_corpus(open_corpus(sys.argv[1:]), ByteTokenizer(Normalizer())).path)
"""


def test_two_processes_may_encode_at_once(tmp_path, own_cache):
    corpus = open_corpus(files(tmp_path / "texts", "to and fro " * 20_000))
    command = [sys.executable, "-c", ENCODE, str(corpus.files[0])]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0].strip() for process in both]
    ids = encode_corpus(corpus, tokenizer_of(corpus, unit="byte"))
    assert said == [str(ids.path)] * 2
    assert ids.length == 11 * 20_000
    assert not list(own_cache.rglob("*.part"))


HARMS = {
    "cut short": lambda path: path.write_bytes(b"ab"),
    "other ids": lambda path: path.write_bytes(bytes(reversed(path.read_bytes()))),
    "ids that no symbol has": lambda path: sign(path, bytes([99] * 6)),
    "a link": lambda path: (path.rename(path.with_suffix(".old")), path.symlink_to(path.with_suffix(".old"))),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a directory": lambda path: (path.unlink(), path.mkdir()),
    "facts gone wrong": lambda path: change(path, {"length": "6"}),
    "facts missing": lambda path: path.with_suffix(".json").write_text('{"length": 6}'),
    "another width": lambda path: change(path, {"width": 2, "length": 3}),
    "a length below nothing": lambda path: change(path, {"length": -1}),
    "facts not json": lambda path: path.with_suffix(".json").write_text("{"),
    "facts nested too deeply": lambda path: path.with_suffix(".json").write_text("[" * 4000),
    "facts that never end": lambda path: (
        path.with_suffix(".json").unlink(),
        os.mkfifo(path.with_suffix(".json")),
    ),
}


def change(path, facts):
    about = path.with_suffix(".json")
    about.write_text(json.dumps(json.loads(about.read_text()) | facts))


def sign(path, content):
    path.write_bytes(content)
    change(path, {"sha256": hashlib.sha256(content).hexdigest()})


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_what_does_not_verify_is_encoded_anew(harm, tmp_path, own_cache):
    corpus = open_corpus(files(tmp_path / "texts", "abcabc"))
    tokenizer = tokenizer_of(corpus)
    first = encode_corpus(corpus, tokenizer)
    right = first.read(0, first.length).tolist()
    harm(first.path)
    again = encode_corpus(corpus, tokenizer)
    assert again.read(0, again.length).tolist() == right


def test_a_full_disk_is_said_with_the_remedy(tmp_path, own_cache, monkeypatch):
    corpus = open_corpus(files(tmp_path / "texts", "abcabc"))
    tokenizer = tokenizer_of(corpus)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(CorpusError, match=r"No space left .* RIVERRUN_CACHE"):
        encode_corpus(corpus, tokenizer)
    assert not [path for path in own_cache.rglob("*") if path.is_file()]


def test_nothing_of_a_refused_text_stays_in_the_cache(tmp_path, own_cache):
    tokenizer = tokenizer_of(open_corpus(files(tmp_path / "one", "abc")), unknown="refuse")
    with pytest.raises(UnknownSymbolError, match="'x'"):
        encode_corpus(open_corpus(files(tmp_path / "other", "abcx")), tokenizer)
    assert not [path for path in cache_directory().rglob("*") if path.is_file()]


def test_a_text_without_a_known_symbol_is_refused_when_those_are_skipped(tmp_path, own_cache):
    tokenizer = tokenizer_of(open_corpus(files(tmp_path / "one", "abc")), unknown="skip")
    with pytest.raises(CorpusError, match="no symbol"):
        encode_corpus(open_corpus(files(tmp_path / "other", "xyz")), tokenizer)


def test_an_open_file_of_ids_survives_cleaning(tmp_path, own_cache):
    from riverrun.data.cache import clean

    corpus = open_corpus(files(tmp_path / "texts", "abcabc"))
    ids = encode_corpus(corpus, tokenizer_of(corpus))
    before = ids.read(0, 6).tolist()
    assert clean() > 0
    assert not ids.path.exists()
    assert ids.read(0, 6).tolist() == before
