"""Matrix products on packed weights.

A panel is PANEL rows of a matrix, stored column after column, so that a product reads its weights once, in
order, and keeps all sums in registers (Goto & van de Geijn 2008). With several vectors, one load of a weight
serves a tile of them. Each sum runs over the columns in order whatever the tile is, so what a sequence gets
does not depend on its neighbours, to the last bit.
"""

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled import processor
from riverrun.generation.compiled.layout import BFLOAT16, FLOAT32, INT8, LANES, PANEL
from riverrun.generation.compiled.teamwork import share
from riverrun.generation.compiled.vectors import compiled, panel_product, round_to_pairs

_MANY = 6 if processor.has("avx512f") else 2  # rows whose sums the registers hold

_BLOCK = 64  # columns of a panel: 16 KiB of float32


def _with_rows(kind: int):
    many, two, one = (panel_product(kind, rows) for rows in (_MANY, 2, 1))

    @compiled
    def product(panel, scales, columns, starts, step, inputs, input_step, outputs, output_step, rows):
        while rows >= _MANY:
            many(panel, scales, columns, starts, step, inputs, input_step, outputs, output_step)
            starts, inputs = starts + 4 * _MANY * step, inputs + 4 * _MANY * input_step
            outputs, rows = outputs + 4 * _MANY * output_step, rows - _MANY
        while rows >= 2:
            two(panel, scales, columns, starts, step, inputs, input_step, outputs, output_step)
            starts, inputs = starts + 8 * step, inputs + 8 * input_step
            outputs, rows = outputs + 8 * output_step, rows - 2
        if rows > 0:
            one(panel, scales, columns, starts, step, inputs, input_step, outputs, output_step)

    return product


_float32, _bfloat16, _int8 = (_with_rows(kind) for kind in (FLOAT32, BFLOAT16, INT8))


@compiled
def multiply(task, plan, matrix, bias, inputs, input_step, outputs, output_step, rows, unit):
    """``outputs[r] = bias + matrix @ inputs[r]``, of this thread's share of the panels.

    Args:
        matrix: where its fields begin in the plan.
        bias: offset into the weights; -1 adds to what is in the outputs.
        inputs: [rows, columns] at this offset of the memory, ``input_step`` elements from row to row.
        outputs: likewise, [rows, panels * PANEL].
        unit: panels that go to one thread together.
    """
    columns, kind = plan[matrix + at.COLUMNS], plan[matrix + at.KIND]
    weights = task[at.WEIGHTS] + 4 * plan[matrix + at.OFFSET]
    scales = task[at.WEIGHTS] + 4 * plan[matrix + at.SCALES]
    source, target = task[at.MEMORY] + 4 * inputs, task[at.MEMORY] + 4 * outputs
    starts, first_step = target, output_step
    if bias >= 0:
        starts, first_step = task[at.WEIGHTS] + 4 * bias, 0
    if kind == BFLOAT16:
        round_rows(source, input_step, task[at.ROUNDED], columns, rows)
        source = task[at.ROUNDED]
    # Many rows go through a panel block by block, so that the block stays in the nearest cache. An int8 sum is
    # scaled when it is complete, so int8 panels are not cut.
    block = _BLOCK if rows > 2 * _MANY and kind != INT8 else columns
    low, high = share(task, plan[matrix + at.PANELS], unit)
    for index in range(low, high):
        skipped = 4 * PANEL * index
        start, place, scale = starts + skipped, target + skipped, scales + skipped
        step = first_step
        for first in range(0, columns, block):
            count, skipped = min(block, columns - first), 4 * PANEL * (index * columns + first)
            if kind == FLOAT32:
                panel, given = weights + skipped, source + 4 * first
                _float32(panel, scale, count, start, step, given, input_step, place, output_step, rows)
            elif kind == BFLOAT16:
                panel, given, count = weights + skipped // 2, source + 2 * first, count // 2
                _bfloat16(panel, scale, count, start, step, given, input_step, place, output_step, rows)
            else:
                panel, given = weights + skipped // 4, source + 4 * first
                _int8(panel, scale, count, start, step, given, input_step, place, output_step, rows)
            start, step = place, output_step


@compiled
def round_rows(source, step, target, columns, rows):
    """Rows of float32 at an address as rows of pairs of bf16 at another, ``step`` words from row to row."""
    for r in range(rows):
        for column in range(0, columns, LANES):
            round_to_pairs(source + 4 * (r * step + column), target + 4 * r * step + 2 * column)
