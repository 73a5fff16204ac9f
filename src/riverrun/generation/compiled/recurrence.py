"""The recurrence: time steps of every layer for K sequences.

Each layer has a history in memory, rows [PAST + CHUNK, K, STRIDE], so that a step finds its past in the rows
before its own. For LSTM and GRU these are the layer's outputs (PAST = 1), for convolutions its inputs. The
rows of the last history are the outputs of the core.

Several threads may do this together. A thread computes all gates of its share of the units, so they must meet
only where one needs the outputs of all units.
"""

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.gates import gated_units, gru_units, lstm_units
from riverrun.generation.compiled.layout import LANES, PANEL
from riverrun.generation.compiled.products import multiply
from riverrun.generation.compiled.teamwork import meet, share
from riverrun.generation.compiled.vectors import compiled, copy_floats

_BLOCK = 4 * LANES  # bytes of a block of units
_BLOCKS = PANEL // LANES  # blocks of units that go to one thread together


@compiled
def advance(task, plan, weights, memory, symbols, first):
    """Run time steps of the chunk from ``first`` on.

    Args:
        task, plan: int64, see ``layout``.
        weights, memory: float32, what their addresses in the task mean.
        symbols: int64 [steps * K], what each sequence reads at each step.
    """
    steps = symbols.size // task[at.SEQUENCES]
    read(task, plan, symbols, first)
    for layer in range(plan[at.LAYERS]):
        fields, rows = at.HEADER + layer * at.LAYER_FIELDS, plan[at.ROWS]
        if plan[at.CORE] == at.CONV:
            convolve(task, plan, weights, memory, layer, first, steps)
            continue
        if layer > 0:
            matrix, bias, below = (
                plan[fields + at.INPUT],
                plan[fields + at.INPUT_BIAS],
                row(task, plan, layer - 1, first),
            )
            given, stride, count = task[at.GIVEN], task[at.STRIDE], symbols.size
            multiply(task, plan, matrix, bias, below, stride, given, rows, count, plan[at.UNIT])
        for step in range(steps):
            given = task[at.GIVEN] + step * task[at.SEQUENCES] * rows
            if plan[at.CORE] == at.LSTM:
                lstm_step(task, plan, layer, first + step, given)
            else:
                gru_step(task, plan, layer, first + step, given)
            meet(task)


@compiled
def row(task, plan, layer, step):
    """Offset of a layer's history at a time step; -1 is the step before the chunk."""
    past = plan[at.HEADER + layer * at.LAYER_FIELDS + at.PAST]
    return task[at.HISTORIES + layer] + (past + step) * task[at.SEQUENCES] * task[at.STRIDE]


@compiled
def address(task, offset):
    """Address of an element of the memory."""
    return task[at.MEMORY] + 4 * offset


@compiled
def read(task, plan, symbols, first):
    """What the symbols give to the first layer: its gates, or for convolutions its inputs."""
    target, stride, unit = task[at.GIVEN], plan[at.ROWS], plan[at.UNIT]
    if plan[at.CORE] == at.CONV:
        target, stride, unit = row(task, plan, 0, first), task[at.STRIDE], 1
    width = plan[at.TABLE_WIDTH]
    if plan[at.ENTRY] < 0:
        low, high = share(task, (width + PANEL - 1) // PANEL, unit)
        start, end = low * PANEL, min(high * PANEL, width)
        for r in range(symbols.size):
            copy_row(
                task, plan[at.TABLE] + symbols[r] * width + start, end - start, target + r * stride + start
            )
    else:
        for r in range(symbols.size):  # every thread copies all: the same values
            copy_row(task, plan[at.TABLE] + symbols[r] * width, width, task[at.GATHERED] + r * width)
        entry, bias, place, count = plan[at.ENTRY], plan[at.ENTRY_BIAS], task[at.GATHERED], symbols.size
        multiply(task, plan, entry, bias, place, width, target, stride, count, unit)
    if plan[at.CORE] == at.CONV:
        meet(task)


@compiled
def copy_row(task, source, width, target):
    """Copy elements of the weights to the memory, by offsets."""
    copy_floats(task[at.WEIGHTS] + 4 * source, task[at.MEMORY] + 4 * target, width)


@compiled
def lstm_step(task, plan, layer, step, given):
    """One time step; gates come in blocks of input, forget, content, output."""
    matrix = plan[at.HEADER + layer * at.LAYER_FIELDS + at.HIDDEN]
    before, after = row(task, plan, layer, step - 1), row(task, plan, layer, step)
    stride, rows, sequences = task[at.STRIDE], plan[at.ROWS], task[at.SEQUENCES]
    multiply(task, plan, matrix, -1, before, stride, given, rows, sequences, plan[at.UNIT])
    cells = task[at.CELLS] + layer * sequences * stride
    low, high = share(task, plan[at.WIDTH] // LANES, _BLOCKS)
    for k in range(sequences):
        gates, cell = address(task, given + k * rows), address(task, cells + k * stride)
        hidden = address(task, after + k * stride)
        for block in range(low, high):
            units = _BLOCK * block
            lstm_units(gates + 4 * units, cell + units, hidden + units)


@compiled
def gru_step(task, plan, layer, step, given):
    """One time step; gates come in blocks of reset, update, content."""
    fields = at.HEADER + layer * at.LAYER_FIELDS
    matrix, bias = plan[fields + at.HIDDEN], plan[fields + at.HIDDEN_BIAS]
    before, after = row(task, plan, layer, step - 1), row(task, plan, layer, step)
    stride, rows, sequences, products = task[at.STRIDE], plan[at.ROWS], task[at.SEQUENCES], task[at.KEPT]
    multiply(task, plan, matrix, bias, before, stride, products, rows, sequences, plan[at.UNIT])
    low, high = share(task, plan[at.WIDTH] // LANES, _BLOCKS)
    for k in range(sequences):
        new, kept = address(task, given + k * rows), address(task, products + k * rows)
        old, hidden = address(task, before + k * stride), address(task, after + k * stride)
        for block in range(low, high):
            units = _BLOCK * block
            gru_units(new + 3 * units, kept + 3 * units, old + units, hidden + units)


@compiled
def convolve(task, plan, weights, memory, layer, first, steps):
    """All time steps of a layer at once: gated dilated convolution and residual (van den Oord et al. 2016)."""
    fields = at.HEADER + layer * at.LAYER_FIELDS
    count, stride, rows, taps = steps * task[at.SEQUENCES], task[at.STRIDE], plan[at.ROWS], plan[at.TAPS]
    matrix, bias = plan[fields + at.HIDDEN], plan[fields + at.HIDDEN_BIAS]
    for tap in range(taps):
        seen = row(task, plan, layer, first - (taps - 1 - tap) * (1 << layer))
        multiply(task, plan, matrix, bias, seen, stride, task[at.GIVEN], rows, count, plan[at.UNIT])
        matrix, bias = matrix + at.MATRIX_FIELDS, -1
    low, high = share(task, plan[at.WIDTH] // LANES, _BLOCKS)
    now, after, bias = (
        row(task, plan, layer, first),
        row(task, plan, layer + 1, first),
        plan[fields + at.MIXER_BIAS],
    )
    for r in range(count):
        gates = address(task, task[at.GIVEN] + r * rows)
        mixed = address(task, task[at.MIXED] + r * stride)
        for block in range(low, high):
            units = _BLOCK * block
            gated_units(gates + 2 * units, mixed + units)
        for u in range(low * LANES, high * LANES):
            memory[after + r * stride + u] = memory[now + r * stride + u] + weights[bias + u]
    meet(task)
    multiply(task, plan, plan[fields + at.MIXER], -1, task[at.MIXED], stride, after, stride, count, 1)
    meet(task)


@compiled
def save_past(task, plan, memory, steps):
    """Move the last PAST rows of every history to its front, when ``steps`` rows of the chunk are used."""
    size = task[at.SEQUENCES] * task[at.STRIDE]
    for layer in range(plan[at.LAYERS] if task[at.RANK] == 0 else 0):
        past = plan[at.HEADER + layer * at.LAYER_FIELDS + at.PAST]
        front = task[at.HISTORIES + layer]
        for i in range(past * size):  # in rising order: the two may overlap
            memory[front + i] = memory[front + steps * size + i]
    meet(task)
