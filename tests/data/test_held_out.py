"""The two parts of a text and of a corpus of pairs: each read once, neither empty, nothing in both."""

import io
import sys
from pathlib import Path

import pytest

import tiny_pairs
from riverrun.data.corpus import open_corpus
from riverrun.data.held_out import split_pairs, split_text, spread
from riverrun.data.pairs import Pair, open_pairs
from riverrun.errors import CorpusError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def pairs_of(path: Path, skip_bad: bool = False):
    return open_pairs((str(path),), skip_bad)


def sides(pairs) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs()]


def test_the_end_of_a_text_is_held_out(tmp_path):
    corpus = open_corpus([write(tmp_path / "t.txt", "0123456789é")])
    split = split_text(corpus, 0.2)
    assert "".join(split.training.texts()) == "01234567"
    assert "".join(split.held_out.texts()) == "89é"
    assert (split.training.characters, split.held_out.characters) == (8, 3)
    assert split.digest == corpus.digest


@pytest.mark.parametrize(("text", "share"), [("a", 0.1), ("ab", 1e-30), ("ab", 0.999)])
def test_no_part_of_a_text_is_empty(tmp_path, text, share):
    with pytest.raises(CorpusError, match=rf"has {len(text)} characters: too few to hold out"):
        split_text(open_corpus([write(tmp_path / "t.txt", text)]), share)


def test_a_file_is_held_out_and_all_of_the_text_learned(tmp_path):
    corpus = open_corpus([write(tmp_path / "t.txt", "learned")])
    split = split_text(corpus, str(write(tmp_path / "v.txt", "held out")))
    assert "".join(split.training.texts()) == "learned"
    assert "".join(split.held_out.texts()) == "held out"
    assert split.digest == corpus.digest + open_corpus([tmp_path / "v.txt"]).digest


def test_what_is_held_out_may_come_from_standard_input(tmp_path, monkeypatch):
    """It can be read once only: whatever asks for it, the stream must not be opened again."""
    corpus = open_corpus([write(tmp_path / "t.txt", "learned")])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a stream")))
    split = split_text(corpus, "-")
    assert "".join(split.held_out.texts()) == "".join(split.held_out.texts()) == "from a stream"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"c\td\n")))
    pairs = split_pairs(pairs_of(tiny_pairs.write(tmp_path / "p.tsv", [("a", "b")])), "-", 0)
    assert sides(pairs.held_out) == sides(pairs.held_out) == [("c", "d")]


def test_one_source_is_never_in_both_parts(tmp_path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [(f"s{n % 50}", f"t{n}") for n in range(500)])
    split = split_pairs(pairs_of(path), 0.1, seed=3)
    learned, out = sides(split.training), sides(split.held_out)
    assert not {source for source, _ in learned} & {source for source, _ in out}
    assert sorted(learned + out) == sorted(sides(pairs_of(path).pairs))
    assert len(out) == 50
    assert sides(split_pairs(pairs_of(path), 0.1, seed=3).held_out) == out
    assert sides(split_pairs(pairs_of(path), 0.1, seed=4).held_out) != out


def test_one_source_is_too_few(tmp_path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("a", "b"), ("a", "c")])
    with pytest.raises(CorpusError, match="has 1 different sources: at least two"):
        split_pairs(pairs_of(path), 0.5, 0)


def test_training_sources_in_a_held_out_file_are_left_out(tmp_path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("a", "A"), ("b", "B"), ("c", "C")])
    other = tiny_pairs.write(tmp_path / "v.tsv", [("b", "B"), ("b", "β")])
    with pytest.warns(UserWarning, match=r"1 training pairs left out: their sources are also in .*v\.tsv"):
        split = split_pairs(pairs_of(path), str(other), 0)
    assert sides(split.training) == [("a", "A"), ("c", "C")]
    assert sides(split.held_out) == [("b", "B"), ("b", "β")]
    with pytest.raises(CorpusError, match="no pair to learn from"):
        split_pairs(pairs_of(other), str(other), 0)
    with pytest.raises(CorpusError, match="holds no pair to validate with"):
        split_pairs(pairs_of(path, True), str(write(tmp_path / "bad.tsv", "no tab\n")), 0)


@pytest.mark.parametrize("held_out", [0.5, "file"])
def test_bad_lines_are_left_out_of_both_parts_or_refused(tmp_path, held_out):
    path = write(tmp_path / "p.tsv", "a\tA\nno tab\nb\tB\nc\tC\n")
    validation = str(write(tmp_path / "v.tsv", "d\tD\n\ne\tE\n")) if held_out == "file" else held_out
    split = split_pairs(pairs_of(path, True), validation, 0)
    known = {"a", "b", "c", "d", "e"}
    assert {source for source, _ in sides(split.training) + sides(split.held_out)} <= known
    with pytest.raises(CorpusError, match="line 2: no tab"):
        split_pairs(pairs_of(path), validation, 0)


def test_sources_are_spread_evenly_with_all_their_targets():
    pairs = [Pair(n, f"s{n // 2}", f"t{n}") for n in range(40)]
    found = spread(pairs, 5)
    assert list(found) == ["s0", "s4", "s8", "s12", "s16"]
    assert found["s4"] == ["t8", "t9"]
    assert len(spread(pairs, 100)) == 20
    assert spread([], 5) == {}
