"""The recurrence: time steps of every layer for K sequences.

Each layer has a history in memory, rows [PAST + CHUNK, K, STRIDE], so that a step finds its past in the rows
before its own. For LSTM and GRU these are the layer's outputs (PAST = 1), for convolutions its inputs. The
rows of the last history are the outputs of the core.
"""

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.functions import sigmoid, tanh
from riverrun.generation.compiled.layout import LANES, PANEL
from riverrun.generation.compiled.products import multiply
from riverrun.generation.compiled.vectors import compiled


@compiled
def advance(task, plan, weights, memory, symbols, first):
    """Run time steps of the chunk from ``first`` on.

    Args:
        task, plan: int64, see ``layout``.
        weights, memory: float32, what their addresses in the task mean.
        symbols: int64 [steps * K], what each sequence reads at each step.
    """
    steps = symbols.size // task[at.SEQUENCES]
    read(task, plan, weights, memory, symbols, first)
    for layer in range(plan[at.LAYERS]):
        if plan[at.CORE] == at.CONV:
            convolve(task, plan, weights, memory, layer, first, steps)
            continue
        if layer > 0:
            fields, rows = at.HEADER + layer * at.LAYER_FIELDS, plan[at.ROWS]
            matrix, below = plan[fields + at.INPUT], row(task, plan, layer - 1, first)
            fill(
                plan,
                weights,
                plan[fields + at.INPUT_BIAS],
                matrix,
                memory,
                task[at.GIVEN],
                rows,
                symbols.size,
            )
            multiply(task, plan, matrix, below, task[at.STRIDE], task[at.GIVEN], rows, symbols.size)
        for step in range(steps):
            given = task[at.GIVEN] + step * task[at.SEQUENCES] * plan[at.ROWS]
            if plan[at.CORE] == at.LSTM:
                lstm_step(task, plan, weights, memory, layer, first + step, given)
            else:
                gru_step(task, plan, weights, memory, layer, first + step, given)


@compiled
def row(task, plan, layer, step):
    """Offset of a layer's history at a time step; -1 is the step before the chunk."""
    past = plan[at.HEADER + layer * at.LAYER_FIELDS + at.PAST]
    return task[at.HISTORIES + layer] + (past + step) * task[at.SEQUENCES] * task[at.STRIDE]


@compiled
def read(task, plan, weights, memory, symbols, first):
    """What the symbols give to the first layer: its gates, or for convolutions its inputs."""
    target, stride = task[at.GIVEN], plan[at.ROWS]
    if plan[at.CORE] == at.CONV:
        target, stride = row(task, plan, 0, first), task[at.STRIDE]
    width = plan[at.TABLE_WIDTH]
    if plan[at.ENTRY] < 0:
        for r in range(symbols.size):
            copy(weights, plan[at.TABLE] + symbols[r] * width, width, memory, target + r * stride)
        return
    for r in range(symbols.size):
        copy(weights, plan[at.TABLE] + symbols[r] * width, width, memory, task[at.GATHERED] + r * width)
    fill(plan, weights, plan[at.ENTRY_BIAS], plan[at.ENTRY], memory, target, stride, symbols.size)
    multiply(task, plan, plan[at.ENTRY], task[at.GATHERED], width, target, stride, symbols.size)


@compiled
def copy(source, start, width, target, place):
    """Copy ``width`` elements."""
    for i in range(width):
        target[place + i] = source[start + i]


@compiled
def fill(plan, weights, bias, matrix, memory, target, stride, rows):
    """Set rows to the bias of a matrix, before its product is added."""
    for r in range(rows):
        copy(weights, bias, plan[matrix + at.PANELS] * PANEL, memory, target + r * stride)


@compiled
def lstm_step(task, plan, weights, memory, layer, step, given):
    """Gates in blocks of input, forget, content, output (Hochreiter & Schmidhuber 1997, Gers et al. 2000)."""
    matrix = plan[at.HEADER + layer * at.LAYER_FIELDS + at.HIDDEN]
    before, after = row(task, plan, layer, step - 1), row(task, plan, layer, step)
    stride, rows = task[at.STRIDE], plan[at.ROWS]
    multiply(task, plan, matrix, before, stride, given, rows, task[at.SEQUENCES])
    cells = task[at.CELLS] + layer * task[at.SEQUENCES] * stride
    for k in range(task[at.SEQUENCES]):
        gates = memory[given + k * rows : given + (k + 1) * rows]
        cell = memory[cells + k * stride : cells + (k + 1) * stride]
        hidden = memory[after + k * stride : after + (k + 1) * stride]
        for block in range(plan[at.WIDTH] // LANES):
            g, u = 4 * LANES * block, LANES * block
            for j in range(LANES):
                kept = sigmoid(gates[g + LANES + j]) * cell[u + j]
                value = kept + sigmoid(gates[g + j]) * tanh(gates[g + 2 * LANES + j])
                cell[u + j] = value
                hidden[u + j] = sigmoid(gates[g + 3 * LANES + j]) * tanh(value)


@compiled
def gru_step(task, plan, weights, memory, layer, step, given):
    """Gates in blocks of reset, update, content (Cho et al. 2014), the reset after the product, as in torch."""
    fields = at.HEADER + layer * at.LAYER_FIELDS
    matrix = plan[fields + at.HIDDEN]
    before, after = row(task, plan, layer, step - 1), row(task, plan, layer, step)
    stride, rows = task[at.STRIDE], plan[at.ROWS]
    fill(
        plan, weights, plan[fields + at.HIDDEN_BIAS], matrix, memory, task[at.KEPT], rows, task[at.SEQUENCES]
    )
    multiply(task, plan, matrix, before, stride, task[at.KEPT], rows, task[at.SEQUENCES])
    for k in range(task[at.SEQUENCES]):
        new = memory[given + k * rows : given + (k + 1) * rows]
        kept = memory[task[at.KEPT] + k * rows : task[at.KEPT] + (k + 1) * rows]
        old = memory[before + k * stride : before + (k + 1) * stride]
        hidden = memory[after + k * stride : after + (k + 1) * stride]
        for block in range(plan[at.WIDTH] // LANES):
            g, u = 3 * LANES * block, LANES * block
            for j in range(LANES):
                reset = sigmoid(new[g + j] + kept[g + j])
                update = sigmoid(new[g + LANES + j] + kept[g + LANES + j])
                content = tanh(new[g + 2 * LANES + j] + reset * kept[g + 2 * LANES + j])
                hidden[u + j] = content + update * (old[u + j] - content)


@compiled
def convolve(task, plan, weights, memory, layer, first, steps):
    """All time steps of a layer at once: gated dilated convolution and residual (van den Oord et al. 2016)."""
    fields = at.HEADER + layer * at.LAYER_FIELDS
    count, stride, rows = steps * task[at.SEQUENCES], task[at.STRIDE], plan[at.ROWS]
    taps, matrix = plan[at.TAPS], plan[fields + at.HIDDEN]
    fill(plan, weights, plan[fields + at.HIDDEN_BIAS], matrix, memory, task[at.GIVEN], rows, count)
    for tap in range(taps):
        seen = row(task, plan, layer, first - (taps - 1 - tap) * (1 << layer))
        multiply(task, plan, matrix + tap * at.MATRIX_FIELDS, seen, stride, task[at.GIVEN], rows, count)
    for r in range(count):
        gates = memory[task[at.GIVEN] + r * rows : task[at.GIVEN] + (r + 1) * rows]
        mixed = memory[task[at.MIXED] + r * stride : task[at.MIXED] + (r + 1) * stride]
        for block in range(plan[at.WIDTH] // LANES):
            g, u = 2 * LANES * block, LANES * block
            for j in range(LANES):
                mixed[u + j] = tanh(gates[g + j]) * sigmoid(gates[g + LANES + j])
    now, after = row(task, plan, layer, first), row(task, plan, layer + 1, first)
    bias = plan[fields + at.MIXER_BIAS]
    for r in range(count):
        for u in range(plan[at.WIDTH]):
            memory[after + r * stride + u] = memory[now + r * stride + u] + weights[bias + u]
    multiply(task, plan, plan[fields + at.MIXER], task[at.MIXED], stride, after, stride, count)


@compiled
def save_past(task, plan, memory, steps):
    """Move the last PAST rows of every history to its front, when ``steps`` rows of the chunk are used."""
    size = task[at.SEQUENCES] * task[at.STRIDE]
    for layer in range(plan[at.LAYERS]):
        past = plan[at.HEADER + layer * at.LAYER_FIELDS + at.PAST]
        front = task[at.HISTORIES + layer]
        for i in range(past * size):  # in rising order: the two may overlap
            memory[front + i] = memory[front + steps * size + i]
