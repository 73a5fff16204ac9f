"""Windows of text: every window once a pass, batches that depend on the cursor alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riverrun.data.batch import MASKED, Batch, Cursor
from riverrun.data.corpus import open_corpus
from riverrun.data.ids import IdFile, encode_corpus
from riverrun.data.windows import Windows
from riverrun.errors import CorpusError
from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.normalization import Normalizer

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(scope="module")
def letters(tmp_path_factory) -> IdFile:
    path = tmp_path_factory.mktemp("text") / "letters.txt"
    path.write_text(LETTERS)
    return encode_corpus(open_corpus([path]), ByteTokenizer(Normalizer()))


def windows(ids: IdFile, **changes) -> Windows:
    plain = {
        "window": 3,
        "shortest": changes.get("window", 3),
        "stride": 1,
        "batch": 1,
        "seed": 0,
        "shuffled": False,
        "carries": False,
        "every": False,
    }
    return Windows(ids, **{**plain, **changes})  # pyright: ignore[reportArgumentType]


def one_pass(source: Windows, epoch: int = 0) -> list[Batch]:
    return [source.read(Cursor(epoch, chunk)) for chunk in range(source.batches_per_epoch)]


def text(ids: np.ndarray) -> str:
    return "".join(chr(symbol - 2) for symbol in ids)


def test_the_tutorials_pairs(letters):
    batches = one_pass(windows(letters))
    assert [(text(b.inputs[:, 0]), text(b.targets[:, 0])) for b in batches[:2]] == [
        ("ABC", "D"),
        ("BCD", "E"),
    ]
    assert len(batches) == 23
    assert len(one_pass(windows(letters, window=1))) == 25


@settings(max_examples=30, deadline=None)
@given(window=st.integers(1, 6), stride=st.integers(1, 4), batch=st.integers(1, 9), epoch=st.integers(0, 3))
def test_a_shuffled_pass_reads_every_window_once(letters, window, stride, batch, epoch):
    source = windows(letters, window=window, stride=stride, batch=batch, shuffled=True)
    read = [text(column) for b in one_pass(source, epoch) for column in b.inputs.T]
    expected = [LETTERS[s : s + window] for s in range(0, len(LETTERS) - window, stride)]
    assert sorted(read) == sorted(expected)
    again = [text(column) for b in one_pass(source, epoch) for column in b.inputs.T]
    assert read == again


@settings(max_examples=30, deadline=None)
@given(window=st.integers(1, 6), stride=st.integers(1, 4), batch=st.integers(1, 9), shuffled=st.booleans())
def test_a_long_text_is_cut_as_a_short_one(letters, window, stride, batch, shuffled):
    """What is longer than ``_STRETCH`` is read from the file, and shuffled in stretches."""
    source = {"window": window, "stride": stride, "batch": batch, "shuffled": shuffled}
    read = {}
    for stretch in (7, 1 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("riverrun.data.windows._STRETCH", stretch)
            read[stretch] = [text(c) for b in one_pass(windows(letters, **source)) for c in b.inputs.T]
    pieces, whole = read.values()
    assert sorted(pieces) == sorted(whole) if shuffled else pieces == whole


def test_passes_differ_in_order_but_only_when_shuffled(letters):
    shuffled = windows(letters, shuffled=True)
    orders = [[text(b.inputs[:, 0]) for b in one_pass(shuffled, epoch)] for epoch in (0, 1)]
    assert orders[0] != orders[1]
    plain = windows(letters)
    assert [b.inputs.tolist() for b in one_pass(plain, 0)] == [b.inputs.tolist() for b in one_pass(plain, 1)]


def test_every_symbol_may_be_predicted(letters):
    batch = windows(letters, every=True).read(Cursor())
    assert text(batch.targets[:, 0]) == "BCD"


def test_carried_windows_go_on_where_the_last_ended(letters):
    batches = one_pass(windows(letters, window=4, stride=4, batch=2, carries=True, every=True))
    assert [b.fresh.all() for b in batches] == [True, False, False]
    columns = ["".join(text(b.inputs[:, k]) for b in batches) for k in range(2)]
    assert columns == ["ABCDEFGHIJKL", "MNOPQRSTUVWX"]


def test_windows_of_random_length_are_padded_and_masked(letters):
    source = windows(letters, window=5, shortest=1, batch=25)
    lengths = set()
    for epoch in range(20):
        batch = source.read(Cursor(epoch))
        assert batch.targets.shape == (5, 25)
        for column in range(25):
            (counted,) = np.flatnonzero(batch.targets[:, column] != MASKED)
            lengths.add(int(counted) + 1)
            assert batch.targets[counted, column] == batch.inputs[counted, column] + 1  # the next letter
    assert lengths == {1, 2, 3, 4, 5}


def test_context_comes_before_the_window(letters):
    batch = windows(letters, window=1, context=2).read(Cursor())
    assert (text(batch.inputs[:, 0]), text(batch.targets[:, 0])) == ("ABC", "D")


def test_a_held_out_text_is_read_evenly(letters):
    source = windows(letters, window=2, batch=3)
    whole = [b.inputs.tolist() for b in source.spread(10**9)]
    assert whole == [b.inputs.tolist() for b in one_pass(source)]
    assert [b.inputs.tolist() for b in source.spread(24)] == whole[::2]


def test_a_text_shorter_than_a_window_is_refused(letters):
    with pytest.raises(CorpusError, match="26 symbols: too few for windows of 26"):
        windows(letters, window=26)
