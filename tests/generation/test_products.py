"""Products of bf16 pairs: the processor's own instruction and the one written out give the same sums."""

import numpy as np
import pytest
from numba import njit

from riverrun.generation.compiled import vectors
from riverrun.generation.compiled.layout import BFLOAT16, LANES, PANEL
from riverrun.generation.compiled.packed_weights import in_pairs, stored

ROWS, COLUMNS = 2, 48


def bf16(values):
    """Float32 of the nearest bf16, by another way than the packing's."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    upper = (bits + 0x8000) >> 16 << 16
    ties = (bits & 0xFFFF) == 0x8000
    return np.where(ties, upper & ~np.uint64(0x10000), upper).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("own_instruction", [True, False])
def test_a_panel_of_pairs(own_instruction, monkeypatch):
    if own_instruction and not vectors._DOTS_OF_PAIRS:
        pytest.skip("this processor has no instruction for it")
    monkeypatch.setattr(vectors, "_DOTS_OF_PAIRS", own_instruction)
    random = np.random.default_rng(0)
    panel = random.normal(size=(PANEL, COLUMNS)).astype(np.float32)
    inputs = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    starts = random.normal(size=(ROWS, PANEL)).astype(np.float32)
    kept = stored(panel.reshape(PANEL // LANES, LANES, COLUMNS).transpose(2, 0, 1), BFLOAT16)
    pairs, outputs = np.zeros((ROWS, COLUMNS // 2), np.uint32), np.zeros_like(starts)
    product, round_to_pairs = vectors.panel_product(BFLOAT16, ROWS), vectors.round_to_pairs

    @njit
    def run(panel, starts, inputs, pairs, outputs):
        for place in range(0, ROWS * COLUMNS, LANES):
            round_to_pairs(inputs + 4 * place, pairs + 2 * place)
        product(panel, 0, COLUMNS // 2, starts, PANEL, pairs, COLUMNS // 2, outputs, PANEL)

    run(*(array.ctypes.data for array in (kept, starts, inputs, pairs, outputs)))
    expected = starts + bf16(inputs).astype(np.float64) @ bf16(panel).astype(np.float64).T
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


def test_rounding_goes_to_the_nearest_and_ties_to_even():
    values = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3.14159, 0.0], np.float32)
    panels = np.tile(values[:, None, None], (1, 1, LANES))
    words = in_pairs(panels).view(np.uint32)[:, 0, 0]
    halves = np.stack([words & 0xFFFF, words >> 16], axis=1).reshape(-1).astype(np.uint32) << 16
    np.testing.assert_array_equal(halves.view(np.float32), bf16(values))
    assert halves.view(np.float32)[1] == 1.0
    assert halves.view(np.float32)[2] == np.float32(1 + 2**-6)
