"""Files of pairs: layouts, faults, the split, batches."""

import csv
import gzip
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_pairs
from riverrun.config.building import build_settings
from riverrun.data.alignment import fit_aligner
from riverrun.data.batch import Cursor
from riverrun.data.builtin_pairs import task_file
from riverrun.data.held_out import split_pairs
from riverrun.data.pair_batches import PADDING, PairBatches
from riverrun.data.pair_ids import PairIds, encode_pairs
from riverrun.data.pair_rows import Columns, Header, PairRow, csv_rows
from riverrun.data.pairs import looks_like_pairs, open_pairs
from riverrun.data.rows import Rows
from riverrun.errors import CorpusError
from riverrun.text.sides import choose_tagged_unit, choose_unit, compact_form, written_form
from riverrun.text.vocabulary import START
from riverrun.training.pair_defaults import choose_reading


def encode(path: Path, skip_bad: bool = False, **given) -> PairIds:
    settings = build_settings({name.replace("__", "."): value for name, value in given.items()})
    parts = split_pairs(open_pairs((str(path),), skip_bad), settings.data.validation, 0)
    return encode_pairs(parts, *choose_reading(settings, parts.training))


def read(*paths: Path, skip_bad: bool = False, columns: Columns = Columns()) -> list[tuple[str, str]]:  # noqa: B008
    pairs = open_pairs(tuple(map(str, paths)), skip_bad, columns).pairs()
    return [(pair.source, pair.target) for pair in pairs]


def test_the_attribution_of_a_collection_of_sentences_is_no_target(tmp_path: Path):
    path = tmp_path / "p.tsv"
    path.write_text("Hi.\tSalut.\tCC-BY 2.0 (France) #1\nGo.\tVa !\r\nNo.\tNon.\t\n", encoding="utf-8")
    assert read(path) == [("Hi.", "Salut."), ("Go.", "Va !"), ("No.", "Non.")]
    with path.open("a") as file:
        file.write("walk\tV;PST\twalked\n")
    with pytest.raises(CorpusError, match=r"line 4: 3 columns, where the lines before have two"):
        read(path)


def test_of_three_columns_it_must_be_said_which_are_the_sides(tmp_path: Path):
    """yoyodyne 7: the second column was learned as the target."""
    path = tmp_path / "p.tsv"
    path.write_text("walk\tV;PST\twalked\ntalk\tV;PST\ttalked\n")
    with pytest.raises(
        CorpusError, match=r"line 1 has 3 columns \(walk, V;PST, walked\): .*data\.target_columns 3"
    ):
        read(path, skip_bad=True)
    assert read(path, columns=Columns("1", "3")) == [("walk", "walked"), ("talk", "talked")]
    assert read(path, columns=Columns("1,2", "3"))[0] == ("walk V;PST", "walked")
    assert read(path, columns=Columns(target="3"))[0] == ("walk", "walked")
    with pytest.raises(CorpusError, match="line 1: 3 columns: there is no column 4"):
        read(path, columns=Columns("1", "4"))
    with pytest.raises(CorpusError, match="no column 'lemma'; its first line has 'walk'"):
        read(path, columns=Columns("lemma", "3"))


def test_a_header_is_noticed_and_names_the_columns(tmp_path: Path):
    path = tmp_path / "p.csv"
    path.write_text("English, French\nHi.,Salut.\n")
    with pytest.warns(
        UserWarning, match=r"p\.csv: its first line \(English, French\) is a header and left out"
    ):
        open_pairs((str(path),)).warn_of_skipped()
    assert read(path) == [("Hi.", "Salut.")]
    path.write_text("id,Lemma,Tags,Form\n1,walk,V;PST,walked\n")
    assert read(path, columns=Columns("Lemma,Tags", "Form")) == [("walk V;PST", "walked")]
    assert read(path, columns=Columns("2", "Form")) == [("walk", "walked")]
    with pytest.raises(
        CorpusError, match="no column 'form'; its first line has 'id', 'Lemma', 'Tags', 'Form'"
    ):
        read(path, columns=Columns("Lemma", "form"))


def test_commas_and_quotes(tmp_path: Path):
    path = tmp_path / "p.csv"
    path.write_text('"a, ""b""\nc",d\r\ne;f,"g"\n')
    assert read(path) == [('a, "b"\nc', "d"), ("e;f", "g")]
    path.write_text("a;b\nc,d;e\n")  # as spreadsheets write it where the comma is for decimals
    assert read(path) == [("a", "b"), ("c,d", "e")]
    path.write_text('a,b\nc,"d\ne,f\n')
    with pytest.raises(CorpusError, match=r"p\.csv, line 2: .* a quote in it doubled"):
        read(path)


@given(
    st.lists(st.tuples(*[st.text(min_size=1).filter(lambda text: text.strip() and "\x00" not in text)] * 2))
)
def test_what_is_written_as_csv_is_read_back(rows: list[tuple[str, str]]):
    written = StringIO()
    csv.writer(written).writerows([("source", "target"), *rows])
    found = list(csv_rows(written.getvalue().split("\n"), Columns(), "p.csv"))
    assert found[0] == Header(("source", "target"))
    cleaned = [tuple(side.replace("\r\n", "\n") for side in row) for row in rows]
    kept = [row.found for row in found[1:] if isinstance(row, PairRow) and not isinstance(row.found, str)]
    assert [tuple(side.replace("\r\n", "\n") for side in row) for row in kept] == cleaned


def test_keys_of_json_are_columns_too(tmp_path: Path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"en": "a", "fr": "b"}\n')
    with pytest.raises(
        CorpusError, match='line 1: not an object with "source" and "target" \\(it has "en", "fr"; data'
    ):
        read(path)
    assert read(path, columns=Columns("en", "fr")) == [("a", "b")]


@pytest.mark.parametrize(
    ("names", "parallel"),
    [
        (("p.en", "p.fr"), True),
        (("src-train.txt", "tgt-train.txt"), True),
        (("news.english.txt.gz", "news.german.txt.gz"), True),
        (("p.eng", "p.cmn"), True),
        (("one.txt", "two.txt"), False),
        (("p.txt", "p.md"), False),
        (("a.en", "b.fr"), False),
    ],
)
def test_parallel_files_are_known_by_their_names(tmp_path: Path, names: tuple[str, str], parallel: bool):
    for name in names:
        text = b"a\nb\n"
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert looks_like_pairs(tuple(str(tmp_path / name) for name in names)) == parallel


def test_two_files_that_may_be_pairs_are_asked_about(tmp_path: Path):
    questions, answers, english, french = (tmp_path / name for name in ("q.txt", "r.txt", "p.en", "p.fr"))
    questions.write_text("why\n" * 30)
    answers.write_text("so\n" * 30)
    with pytest.raises(CorpusError, match=r"have 30 lines each: .* --task translation or --task language"):
        looks_like_pairs((str(questions), str(answers)))
    english.write_text("a\nb\n")
    french.write_text("a\n")
    with pytest.raises(CorpusError, match=r"named as the two sides of pairs, but have 2 and 1 lines"):
        looks_like_pairs((str(english), str(french)))


def test_bad_lines_are_named_where_they_are_left_out(tmp_path: Path):
    path = tmp_path / "p.tsv"
    path.write_text("a\tb\nno tab\nc\t\n" + "x\n" * 9)
    with pytest.warns(
        UserWarning,
        match=r"11 bad lines left out \(line 2: no tab .*; line 3: the target is empty; .* 6 more",
    ):
        open_pairs((str(path),), skip_bad=True).warn_of_skipped()


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


def test_bad_json_is_named(tmp_path: Path):
    (tmp_path / "p.jsonl").write_text('{"source": 1, "target": "b"}\n')
    with pytest.raises(CorpusError, match="must be texts"):
        read(tmp_path / "p.jsonl")


def test_unequal_lengths_under_tagging_are_refused_or_left_out(tmp_path: Path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "XY"), ("abc", "X"), ("ba", "YX"), ("a", "X")])
    settings = {"data__task": "tagging", "data__validation": 0.3}
    with pytest.raises(
        CorpusError, match=r"line 2: 3 source symbols \(chars\) and 1 target symbols \(chars\)"
    ):
        encode(path, **settings)
    with pytest.warns(UserWarning, match="1 .* pairs left out: of unequal length: lines 2"):
        encode(path, True, **settings, data__skip_bad=True)


def test_units_and_normal_forms_are_chosen_from_the_text():
    assert choose_unit(["t u ə", "aː v"]) == "symbols"
    assert choose_unit(["Be nice.", "Go on."]) == "char"
    syllables = [chr(point) for point in range(0xAC00, 0xAC00 + 400)]
    assert compact_form(syllables, "NFC") == "NFD"
    assert compact_form(["déjà vu"], "NFC") == "NFC"
    assert written_form(["déjà vu", "a"]) == "NFC"
    assert written_form(["de\u0301ja\u0300 vu", "a"]) == "NFD"
    assert written_form(["d\u00e9", "e\u0301"]) == "none"


def test_tagging_splits_at_spaces_where_there_are_any():
    assert choose_tagged_unit(["the dog barks"]) == "symbols"
    assert choose_tagged_unit(["abc", "de"]) == "char"


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
        cursor = cursor.after(batches.batches_per_epoch)
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
        encode(path, data__max_length=10)
