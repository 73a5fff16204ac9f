"""Matrix products on packed weights.

A panel is PANEL rows of a matrix, stored column after column, so that a product reads its weights once, in
order, and keeps all sums in registers (Goto & van de Geijn 2008). With several vectors, one load of a weight
serves a tile of them. Each sum runs over the columns in order whatever the tile is, so what a sequence gets
does not depend on its neighbours, to the last bit.
"""

from llvmlite import binding

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.layout import BFLOAT16, FLOAT32, INT8, PANEL
from riverrun.generation.compiled.vectors import compiled, panel_product

_MANY = 6 if binding.get_host_cpu_features().get("avx512f") else 2  # rows whose sums the registers hold


def _with_rows(kind: int):
    many, two, one = (panel_product(kind, rows) for rows in (_MANY, 2, 1))

    @compiled
    def product(panel, inputs, input_stride, outputs, output_stride, columns, scales, rows):
        while rows >= _MANY:
            many(panel, inputs, input_stride, outputs, output_stride, columns, scales)
            inputs, outputs = inputs + 4 * _MANY * input_stride, outputs + 4 * _MANY * output_stride
            rows -= _MANY
        while rows >= 2:
            two(panel, inputs, input_stride, outputs, output_stride, columns, scales)
            inputs, outputs = inputs + 8 * input_stride, outputs + 8 * output_stride
            rows -= 2
        if rows > 0:
            one(panel, inputs, input_stride, outputs, output_stride, columns, scales)

    return product


_float32, _bfloat16, _int8 = (_with_rows(kind) for kind in (FLOAT32, BFLOAT16, INT8))


@compiled
def multiply(task, plan, matrix, inputs, input_stride, outputs, output_stride, rows):
    """``outputs[r] += matrix @ inputs[r]``.

    Args:
        matrix: where its fields begin in the plan.
        inputs: [rows, columns] at this offset of the memory, ``input_stride`` elements from row to row.
        outputs: likewise, [rows, panels * PANEL].
    """
    columns, kind = plan[matrix + at.COLUMNS], plan[matrix + at.KIND]
    weights = task[at.WEIGHTS] + 4 * plan[matrix + at.OFFSET]
    scales = task[at.WEIGHTS] + 4 * plan[matrix + at.SCALES]
    source, target = task[at.MEMORY] + 4 * inputs, task[at.MEMORY] + 4 * outputs
    for index in range(plan[matrix + at.PANELS]):
        place, scale = target + 4 * PANEL * index, scales + 4 * PANEL * index
        if kind == FLOAT32:
            panel = weights + 4 * PANEL * columns * index
            _float32(panel, source, input_stride, place, output_stride, columns, scale, rows)
        elif kind == BFLOAT16:
            panel = weights + 2 * PANEL * columns * index
            _bfloat16(panel, source, input_stride, place, output_stride, columns, scale, rows)
        else:
            panel = weights + PANEL * columns * index
            _int8(panel, source, input_stride, place, output_stride, columns, scale, rows)
