"""Law 6: a text is read, counted, encoded, cut into lanes and evaluated in pieces."""

import tracemalloc
from itertools import islice

import pytest

import tiny
from riverrun.config import TextSettings
from riverrun.data import corpus as corpus_room
from riverrun.data.corpus import open_corpus
from riverrun.data.ids import encode_corpus
from riverrun.data.lanes import Cursor, Lanes
from riverrun.text import train_tokenizer

SIZE = 20 << 20  # bytes of text; an array of one byte a symbol would be that long


@pytest.fixture(scope="module")
def long_text(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "long.txt"
    line = tiny.text(10_000).encode()
    with open(path, "wb") as stream:
        for _ in range(SIZE // len(line) + 1):
            stream.write(line)
    return path


@pytest.mark.parametrize("unit", ["char", "byte"])
def test_encoding_and_reading_lanes_hold_only_pieces(unit, long_text, own_cache, monkeypatch):
    monkeypatch.setattr(corpus_room, "CHUNK_BYTES", 1 << 18)
    train_tokenizer(TextSettings(unit=unit), ["x"]).encode("x")  # tables of a fixed size are made here
    tracemalloc.start()
    corpus = open_corpus([long_text])
    tokenizer = train_tokenizer(TextSettings(unit=unit), corpus.texts())
    lanes = Lanes(encode_corpus(corpus, tokenizer), 32, 64, seed=0)
    cursor = Cursor()
    for _ in range(200):
        cursor = lanes.read(cursor).after
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lanes.ids.length > SIZE
    assert most < SIZE * 3 // 4


def test_evaluation_holds_only_pieces(long_text, monkeypatch, model):
    monkeypatch.setattr(corpus_room, "CHUNK_BYTES", 1 << 18)
    tracemalloc.start()
    pieces = islice(model._pieces(open_corpus([long_text]).texts()), 6)
    longest = max(len(piece.ids) for piece in pieces)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert longest <= 1 << 18
    assert most < SIZE * 3 // 4
