"""Files of pairs: layouts, faults, the split, batches."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_pairs
from riverrun.config.building import build
from riverrun.config.settings import Settings
from riverrun.data.alignment import fit_aligner
from riverrun.data.batch import Cursor
from riverrun.data.builtin_pairs import task_file
from riverrun.data.held_out import split_pairs
from riverrun.data.pair_batches import PADDING, PairBatches
from riverrun.data.pair_ids import PairIds, encode_pairs
from riverrun.data.pairs import looks_like_pairs, open_pairs
from riverrun.data.rows import Rows
from riverrun.errors import CorpusError
from riverrun.text.sides import choose_normal_form, choose_unit
from riverrun.text.vocabulary import START
from riverrun.training.pair_defaults import choose_reading


def encode(path: Path, skip_bad: bool = False, **given) -> PairIds:
    settings = build({name.replace("__", "."): value for name, value in given.items()})
    parts = split_pairs(open_pairs((str(path),), skip_bad), settings.data.validation, 0)
    return encode_pairs(parts, *choose_reading(settings, parts.training))


def read(*paths: Path, skip_bad: bool = False) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in open_pairs(tuple(map(str, paths)), skip_bad).pairs()]


def encoded(path: Path, settings: Settings) -> PairIds:
    corpus = open_pairs((str(path),), settings.data.skip_bad)
    return encode_pairs(split_pairs(corpus, settings.data.validation, 0), settings)


def test_a_tsv_file_has_further_columns_that_are_ignored(tmp_path: Path):
    (tmp_path / "p.tsv").write_text("Hi.\tSalut.\tCC-BY\nGo.\tVa !\r\n", encoding="utf-8")
    assert read(tmp_path / "p.tsv") == [("Hi.", "Salut."), ("Go.", "Va !")]


def test_json_lines_and_gzip(tmp_path: Path):
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(b'{"source": "a", "target": "b", "more": 1}\n'))
    assert read(tmp_path / "p.jsonl.gz") == [("a", "b")]


def test_two_parallel_files(tmp_path: Path):
    (tmp_path / "p.en").write_text("a\nb\n")
    (tmp_path / "p.fr").write_text("A\nB\n")
    assert read(tmp_path / "p.en", tmp_path / "p.fr") == [("a", "A"), ("b", "B")]
    (tmp_path / "p.fr").write_text("A\n")
    with pytest.raises(CorpusError, match="different numbers of lines"):
        read(tmp_path / "p.en", tmp_path / "p.fr")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("no tab here", "line 2: no tab"),
        ("", "line 2: no tab"),
        ("a\t", "line 2: the target is empty"),
        ("\tb", "line 2: the source is empty"),
    ],
)
def test_a_bad_line_is_named_or_left_out(tmp_path: Path, line: str, fault: str):
    path = tmp_path / "p.tsv"
    path.write_text(f"a\tb\n{line}\nc\td\n")
    with pytest.raises(CorpusError, match=fault):
        read(path)
    assert read(path, skip_bad=True) == [("a", "b"), ("c", "d")]
    assert open_pairs((str(path),), True).bad_lines() == 1


def test_bad_json_is_named(tmp_path: Path):
    (tmp_path / "p.jsonl").write_text('{"source": 1, "target": "b"}\n')
    with pytest.raises(CorpusError, match="must be texts"):
        read(tmp_path / "p.jsonl")


def test_unequal_lengths_under_tagging_are_refused_or_left_out(tmp_path: Path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "XY"), ("abc", "X"), ("ba", "YX"), ("a", "X")])
    settings = {"data__task": "tagging", "data__validation": 0.3}
    with pytest.raises(CorpusError, match=r"line 2: 3 source and 1 target symbols"):
        encoded(path, build(settings))
    with pytest.warns(UserWarning, match="1 .* pairs left out: of unequal length"):
        encoded(path, build(settings, {"data.skip_bad": True}))


def test_units_and_normal_forms_are_chosen_from_the_text():
    assert choose_unit(["t u ə", "aː v"]) == "symbols"
    assert choose_unit(["Be nice.", "Go on."]) == "char"
    syllables = [chr(point) for point in range(0xAC00, 0xAC00 + 400)]
    assert choose_normal_form(syllables) == "NFD"
    assert choose_normal_form(["déjà vu"]) == "none"


def test_builtin_tasks_are_pairs(own_cache: Path):
    assert looks_like_pairs(("dates",))
    assert looks_like_pairs(("addition-2-reversed",))
    assert not looks_like_pairs(("addition-9",))
    path = task_file("addition-2-reversed")
    assert path is not None
    for source, target in read(path):
        first, second = source[::-1].split("+")
        assert int(first) + int(second) == int(target)
    assert all(target == source[::-1] for source, target in read(task_file("reverse")))  # pyright: ignore


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40), st.integers(1, 7))
def test_an_epoch_holds_every_pair_once(lengths: list[tuple[int, int]], batch: int):
    sources = Rows(np.full(length, 2 + index, np.int32) for index, (length, _) in enumerate(lengths))
    targets = Rows(np.append(np.full(length, 2), START) for _, length in lengths)
    batches = PairBatches(sources, targets, batch, seed=1)
    cursor, seen = Cursor(), []
    while cursor.epoch == 0:
        read_batch = batches.read(cursor)
        for column, length in enumerate(read_batch.lengths):
            seen.append(int(read_batch.source[0, column]))
            assert (read_batch.source[length - 1 :, column] == START).all()
            wanted = read_batch.targets[:, column]
            count = int((wanted != PADDING).sum())
            assert wanted[count - 1] == START
            assert (read_batch.inputs[1:count, column] == wanted[: count - 1]).all()
        cursor = read_batch.after
    assert sorted(seen) == [2 + index for index in range(len(lengths))]


def test_alignment_finds_which_letter_is_which_phone():
    draw = np.random.default_rng(0)
    sources = [draw.integers(2, 8, draw.integers(2, 7)).astype(np.int32) for _ in range(200)]
    pairs = [(source, source + 10) for source in sources]
    fit = fit_aligner(lambda: pairs, 10, 20)
    assert fit.information > 0.8
    assert fit.aligner.actions(*pairs[0]).tolist() == [*(20 + pairs[0][1]).tolist(), START]
    shuffled = [
        (source, draw.permutation(target)) for source, target in zip(sources, sources[::-1], strict=True)
    ]
    assert fit_aligner(lambda: shuffled, 10, 20).information < 0.2


def test_half_a_character_is_no_text(tmp_path: Path):
    (tmp_path / "p.jsonl").write_text(
        '{"source": "a", "target": "b"}\n{"source": "a\\ud800", "target": "b"}\n'
    )
    with pytest.raises(CorpusError, match=r"p\.jsonl, line 2: half a character"):
        list(open_pairs((str(tmp_path / "p.jsonl"),)).pairs())


def test_long_pairs_name_the_limit(tmp_path: Path):
    path = tmp_path / "p.tsv"
    path.write_text("".join(f"{'a' * 20}{n}\tb\n" for n in range(9)))
    with (
        pytest.warns(UserWarning, match=r"pairs left out: more than 10 symbols \(--data\.max-length\)"),
        pytest.raises(CorpusError, match="no training pair is left"),
    ):
        encoded(path, build({"data.max_length": 10}))
