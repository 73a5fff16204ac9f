"""Law 7: what network and memory say together is exact and sums to one, whatever stood before."""

import os
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_memory as tiny
from riverrun.memory.gate import Gate, mix, network_odds, surprisal
from riverrun.memory.stored import Remembered
from riverrun.text import START

REMEMBERED = tiny.remembered()
symbols = st.integers(0, tiny.SYMBOLS - 1)


def mixed(remembered: Remembered, logits: np.ndarray, history: np.ndarray, share: float) -> np.ndarray:
    rows = logits.copy()
    mix(rows, history, len(history) - len(rows), remembered.memory, remembered.gate, share)
    return rows


@settings(deadline=None, max_examples=60)
@given(st.lists(symbols, min_size=1, max_size=90), st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 40))
def test_the_mass_is_one(history, seed, share, spread):
    draw = np.random.default_rng(seed)
    logits = (spread * draw.standard_normal((len(history), tiny.SYMBOLS))).astype(np.float32)
    gate = Gate(draw.normal(0.5, 1, len(REMEMBERED.gate.weights)).astype(np.float32))
    rows = mixed(Remembered(REMEMBERED.memory, gate), logits, np.array(history), share)
    assert np.abs(np.exp(rows.astype(np.float64)).sum(axis=1) - 1).max() < 1e-5


@settings(deadline=None, max_examples=30)
@given(st.lists(symbols, min_size=2, max_size=40), st.integers(0, 2**31))
def test_a_way_through_the_forks_is_the_distribution(ids, seed):
    """What training measures is what scoring says."""
    memory, gate = REMEMBERED
    logits = np.random.default_rng(seed).standard_normal((len(ids), tiny.SYMBOLS)).astype(np.float32)
    history, targets = np.array([START, *ids]), np.array(ids)
    opinions = memory.opinions(history, 1)
    measured = surprisal(gate, network_odds(logits, targets, memory), opinions, memory)
    rows = mixed(REMEMBERED, logits, history[:-1], 1.0)
    assert np.isclose(measured, -rows[np.arange(len(ids)), targets].astype(np.float64).sum(), atol=1e-3)


def test_without_a_share_the_network_is_alone():
    logits = np.random.default_rng(0).standard_normal((5, tiny.SYMBOLS)).astype(np.float32)
    rows = mixed(REMEMBERED, logits, tiny.ids(20, 2)[:5], 0.0)
    alone = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert np.allclose(rows, alone, atol=1e-5)


def test_where_nothing_is_compiled_the_numbers_are_the_same():
    """Law 3: the loops as plain Python are their definition."""
    program = (
        "import numpy as np, tiny_memory as tiny; from riverrun.memory.gate import mix;"
        "kept = tiny.remembered(30); ids = tiny.ids(4, 2)[:12];"
        "rows = np.zeros((12, tiny.SYMBOLS), np.float32);"
        "mix(rows, ids, 0, kept.memory, kept.gate, 1.0);"
        "print(kept.memory.tables.pages.astype(np.int64).sum(), *rows.sum(axis=1).tolist(), *rows[-1].tolist())"
    )
    said = []
    for disabled in ("0", "1"):
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-W", "ignore", "-c", program]
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.append(np.array([float(number) for number in found.stdout.split()]))
    assert said[0][0] == said[1][0]
    assert np.allclose(said[0], said[1], atol=1e-5)
