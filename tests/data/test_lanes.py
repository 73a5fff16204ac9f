"""Lanes cover the text in order, carry on from chunk to chunk, and go on from any cursor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data.ids import IdFile
from riverrun.data.lanes import Cursor, Lanes
from riverrun.errors import CorpusError
from riverrun.text import START
from riverrun.text.counting import Counts


def id_file(folder, length):
    """Ids 100, 101, ...: each tells its place."""
    path = folder / f"{length}.bin"
    path.write_bytes(np.arange(100, 100 + length, dtype="<u2").tobytes())
    return IdFile(path, length, 2, Counts(length, length, length))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ids")


def passes(lanes, count):
    batches, cursor = [], Cursor()
    while cursor.epoch < count:
        batches.append(lanes.read(cursor))
        cursor = batches[-1].after
    return batches


@given(batch=st.integers(1, 5), chunk=st.integers(1, 6), spare=st.integers(0, 40))
def test_a_pass_reads_every_lane_in_order_and_nothing_twice(folder, batch, chunk, spare):
    lanes = Lanes(id_file(folder, batch * chunk + spare), batch, chunk, seed=0)
    batches = passes(lanes, 1)
    assert len(batches) == lanes.chunks_per_epoch
    targets = np.concatenate([b.targets for b in batches])
    assert (np.diff(targets, axis=0) == 1).all()
    assert len(np.unique(targets)) == targets.size
    missed = lanes.ids.length - targets.size
    assert missed < batch * chunk  # less than one more chunk of all lanes
    assert targets[0, 0] == 100


@given(batch=st.integers(1, 5), chunk=st.integers(1, 6), spare=st.integers(0, 40))
def test_inputs_are_the_targets_one_symbol_before(folder, batch, chunk, spare):
    lanes = Lanes(id_file(folder, batch * chunk + spare), batch, chunk, seed=0)
    for reading in (passes(lanes, 1), [b for b in passes(lanes, 2) if b.after.epoch]):
        inputs = np.concatenate([b.inputs for b in reading])
        targets = np.concatenate([b.targets for b in reading])
        first = np.flatnonzero([b.opens_pass for b in reading])
        for index in first:
            place = index * chunk
            assert (inputs[place] == START).all()
        rows = [row for row in range(1, len(inputs)) if row not in first * chunk]
        assert (inputs[rows] == targets[[row - 1 for row in rows]]).all()


def test_only_the_first_chunk_of_a_pass_forgets(folder):
    batches = passes(Lanes(id_file(folder, 50), 2, 5, seed=0), 2)
    assert [b.opens_pass for b in batches] == [True, False, False, False, False] * 2


def test_each_pass_starts_at_another_place_that_the_seed_decides(folder):
    ids = id_file(folder, 1000)
    starts = [
        [int(lanes.read(Cursor(epoch, 0)).targets[0, 0]) for epoch in range(4)]
        for lanes in (Lanes(ids, 2, 5, 0), Lanes(ids, 2, 5, 0), Lanes(ids, 2, 5, 1))
    ]
    assert len(set(starts[0])) == 4
    assert starts[0] == starts[1] != starts[2]


def test_reading_goes_on_from_any_cursor(folder):
    lanes = Lanes(id_file(folder, 61), 2, 5, seed=3)
    whole = passes(lanes, 3)
    for index, batch in enumerate(whole[:-1]):
        again = lanes.read(batch.after)
        assert (again.inputs == whole[index + 1].inputs).all()
        assert again.after == whole[index + 1].after


def test_a_text_too_short_for_one_chunk_is_refused_with_the_figures(folder):
    with pytest.raises(CorpusError, match=r"39 symbols, fewer than 8 lanes x chunks of 5.*--training\.chunk"):
        Lanes(id_file(folder, 39), 8, 5, seed=0)
