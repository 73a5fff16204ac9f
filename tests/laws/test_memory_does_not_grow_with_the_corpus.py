"""Law 6: texts and pairs are read, counted, encoded, cut into batches and evaluated in pieces."""

import tracemalloc
from itertools import islice

import pytest

import tiny
from riverrun.config.settings import Settings
from riverrun.data.batch import Cursor
from riverrun.data.corpus import open_corpus
from riverrun.data.formats import unpacking as corpus_room
from riverrun.data.held_out import split_pairs
from riverrun.data.ids import encode_corpus
from riverrun.data.lanes import Lanes
from riverrun.data.pair_batches import PairBatches
from riverrun.data.pair_ids import encode_pairs
from riverrun.data.pairs import open_pairs
from riverrun.training.pair_defaults import choose_reading

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
    tiny.tokenizer(["x"], unit=unit).encode("x")  # tables of a fixed size are made here
    tracemalloc.start()
    corpus = open_corpus([long_text])
    tokenizer = tiny.tokenizer(corpus.texts(), unit=unit)
    lanes = Lanes(encode_corpus(corpus, tokenizer), 32, 64, seed=0)
    cursor = Cursor()
    for _ in range(200):
        lanes.read(cursor)
        cursor = cursor.after(lanes.batches_per_epoch)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lanes.ids.length > SIZE
    assert most < SIZE * 3 // 4


def test_evaluation_holds_only_pieces(long_text, monkeypatch, model):
    monkeypatch.setattr(corpus_room, "CHUNK_BYTES", 1 << 18)
    tracemalloc.start()
    pieces = islice(model.scorer._pieces(open_corpus([long_text]).texts()), 6)
    longest = max(len(piece.ids) for piece in pieces)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert longest <= 1 << 18
    assert most < SIZE * 3 // 4


def test_encoding_and_reading_pairs_hold_only_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_room, "CHUNK_BYTES", 1 << 16)

    def run(count):
        """Bytes held at most, and symbols read."""
        path = tmp_path / f"{count}.tsv"
        path.write_text("".join(f"{number} {tiny.LINE * 4}\t{tiny.LINE * 4}\n" for number in range(count)))
        tracemalloc.start()
        parts = split_pairs(open_pairs((str(path),)), 0.1, seed=0)
        training = encode_pairs(parts, *choose_reading(Settings(), parts.training)).training
        batches, cursor = PairBatches(*training, 8, seed=0), Cursor()
        while not cursor.epoch:
            batches.read(cursor)
            cursor = cursor.after(batches.batches_per_epoch)
        training.targets.counts(100)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, sum(int(side.ends[-1]) for side in training)

    run(100)  # what is made once is made here
    (few, _), (many, symbols) = run(100), run(1000)
    assert symbols > 500_000
    assert many < few + symbols // 2  # bytes; ids in memory would be four each
