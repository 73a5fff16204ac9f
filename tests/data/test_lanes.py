"""Lanes cover the text in order, carry on from chunk to chunk, and go on from any cursor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.data.batch import Cursor
from riverrun.data.ids import IdFile
from riverrun.data.lanes import HeldOutLanes, Lanes
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


def cursors(lanes, count):
    cursor = Cursor()
    while cursor.epoch < count:
        yield cursor
        cursor = cursor.after(lanes.batches_per_epoch)


def passes(lanes, count):
    return [lanes.read(cursor) for cursor in cursors(lanes, count)]


@given(batch=st.integers(1, 5), chunk=st.integers(1, 6), spare=st.integers(0, 40))
def test_a_pass_reads_every_lane_in_order_and_nothing_twice(folder, batch, chunk, spare):
    lanes = Lanes(id_file(folder, batch * chunk + spare), batch, chunk, seed=0)
    batches = passes(lanes, 1)
    assert len(batches) == lanes.batches_per_epoch
    targets = np.concatenate([b.targets for b in batches])
    assert (np.diff(targets, axis=0) == 1).all()
    assert len(np.unique(targets)) == targets.size
    missed = lanes.ids.length - targets.size
    assert missed < batch * chunk  # less than one more chunk of all lanes
    assert targets[0, 0] == 100


@given(batch=st.integers(1, 5), chunk=st.integers(1, 6), spare=st.integers(0, 40), epoch=st.integers(0, 3))
def test_inputs_are_the_targets_one_symbol_before(folder, batch, chunk, spare, epoch):
    lanes = Lanes(id_file(folder, batch * chunk + spare), batch, chunk, seed=0)
    reading = [lanes.read(Cursor(epoch, index)) for index in range(lanes.batches_per_epoch)]
    inputs = np.concatenate([b.inputs for b in reading])
    targets = np.concatenate([b.targets for b in reading])
    assert (inputs[1:] == targets[:-1]).all()
    last = 100 + lanes.ids.length - 1
    follows = np.where(inputs == last, START, np.where(inputs == START, 100, inputs + 1))
    assert (targets == follows).all()


@given(batch=st.integers(1, 5), chunk=st.integers(1, 6), spare=st.integers(0, 40))
def test_the_start_symbol_stands_where_the_text_begins_and_nowhere_else(folder, batch, chunk, spare):
    lanes = Lanes(id_file(folder, batch * chunk + spare), batch, chunk, seed=0)
    for batch_read in passes(lanes, 3):
        before = batch_read.inputs == START
        assert (batch_read.targets[before] == 100).all()
        assert (batch_read.inputs[batch_read.targets == 100] == START).all()
    assert lanes.read(Cursor()).inputs[0, 0] == START


def test_only_the_first_chunk_of_a_pass_forgets(folder):
    batches = passes(Lanes(id_file(folder, 50), 2, 5, seed=0), 2)
    assert [b.fresh.tolist() for b in batches] == ([[True, True]] + [[False, False]] * 4) * 2


@given(length=st.integers(1, 3000), limit=st.integers(1, 4000))
def test_held_out_lanes_score_the_text_in_order_from_its_first_symbol(folder, length, limit):
    batches = list(HeldOutLanes(id_file(folder, length)).spread(limit))
    targets = np.concatenate([b.targets for b in batches])
    inputs = np.concatenate([b.inputs[len(b.inputs) - len(b.targets) :] for b in batches])
    assert inputs[0, 0] == START
    assert targets[0, 0] == 100
    scored = np.sort(targets, axis=None)
    assert (scored == np.arange(100, 100 + scored.size)).all()
    assert min(length, limit) - 32 < scored.size <= min(length, limit)
    assert (np.where(inputs == START, 99, inputs) + 1 == targets).all()
    if targets.shape[1] > 1:  # the others come warm to their first target
        assert batches[0].fresh.all()
        assert batches[1].fresh.tolist() == [True] + [False] * (targets.shape[1] - 1)
        assert (batches[0].inputs[-1, 1:] + 1 == inputs[0, 1:]).all()


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
    for cursor, batch in reversed(list(zip(cursors(lanes, 3), whole, strict=True))):
        assert (lanes.read(cursor).inputs == batch.inputs).all()


def test_a_text_too_short_for_one_chunk_is_refused_with_the_figures(folder):
    with pytest.raises(CorpusError, match=r"39 symbols, fewer than 8 lanes x chunks of 5.*training\.chunk"):
        Lanes(id_file(folder, 39), 8, 5, seed=0)
