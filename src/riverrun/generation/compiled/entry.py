"""The entry into the compiled code: one call runs as many symbols as the task asks for."""

import numpy as np

from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.choose import choose, draw
from riverrun.generation.compiled.exponential import exp
from riverrun.generation.compiled.layout import HISTORIES, LAYERS, PANEL, SETTING
from riverrun.generation.compiled.products import multiply
from riverrun.generation.compiled.recall import recall
from riverrun.generation.compiled.recurrence import advance, row, save_past
from riverrun.generation.compiled.teamwork import meet, share
from riverrun.generation.compiled.vectors import (
    compiled,
    copy_floats,
    doubles,
    floats,
    integers,
    octets,
    unsigned,
)

SIGNATURE = "void(int64)"
_SETTINGS, _WINDOW = len(SETTING), SETTING["repetition_window"]


@compiled
def run(address):
    """Do a task: int64 [...] at this address, see ``layout``."""
    header = integers(address, HISTORIES)
    plan = integers(header[at.PLAN], 1 << 40)
    task = integers(address, HISTORIES + plan[LAYERS] + 1)
    weights = floats(task[at.WEIGHTS], 1 << 40)
    memory = floats(task[at.MEMORY], 1 << 40)
    exchange_states(task, plan, task[at.MODE] >= 0)
    meet(task)
    if task[at.MODE] == at.WRITE:
        write(task, plan, weights, memory)
    else:
        read_on(task, plan, weights, memory)
    exchange_states(task, plan, task[at.MODE] < 0)


@compiled
def write(task, plan, weights, memory):
    """Draw COUNT symbols for each sequence."""
    sequences, margin = task[at.SEQUENCES], task[at.MARGIN]
    width = margin + task[at.COUNT]
    trail, symbols = integers(task[at.TRAIL], sequences * width), integers(task[at.SYMBOLS], sequences)
    used = 0
    for n in range(task[at.COUNT]):
        if used == task[at.CHUNK]:
            save_past(task, plan, memory, used)
            used = 0
        for k in range(sequences):
            symbols[k] = trail[k * width + margin + n - 1]
        advance(task, plan, weights, memory, symbols, used)
        if task[at.STAGES] >= at.PROJECTION_TOO:
            project(task, plan, used, sequences)
        used += 1
        for k in range(sequences if task[at.RANK] == 0 else 0):
            if task[at.STAGES] == at.EVERYTHING:
                draw_symbol(task, plan, memory, trail, k, k * width + margin + n, n)
            else:
                trail[k * width + margin + n] = symbols[k]
        meet(task)
    save_past(task, plan, memory, used)


@compiled
def project(task, plan, step, rows):
    """Logits of outputs that begin at a time step of the chunk."""
    matrix, bias = plan[at.PROJECTION], plan[at.PROJECTION_BIAS]
    stride = plan[matrix + at.PANELS] * PANEL
    top = row(task, plan, plan[LAYERS] if plan[at.CORE] == at.CONV else plan[LAYERS] - 1, step)
    multiply(task, plan, matrix, bias, top, task[at.STRIDE], task[at.LOGITS], stride, rows, 1)
    meet(task)


@compiled
def logits_row(task, plan, r):
    """Where in memory row r of the logits begins."""
    return task[at.LOGITS] + r * plan[plan[at.PROJECTION] + at.PANELS] * PANEL


@compiled
def draw_symbol(task, plan, memory, trail, k, end, n):
    """Choose symbol n of sequence k and put it at the end of its trail."""
    size = plan[at.VOCABULARY]
    known, written = integers(task[at.KNOWN] + 8 * k, 1)[0], integers(task[at.WRITTEN] + 8 * k, 1)[0]
    settings = doubles(task[at.SAMPLING] + 8 * _SETTINGS * k, _SETTINGS)
    uniform = draw(unsigned(task[at.STARTS] + 8 * k, 1)[0], written + n)
    recent = trail[end - min(np.int64(settings[_WINDOW]), known + n) : end]
    kept, chances = doubles(task[at.CHOICE], size), doubles(task[at.CHOICE] + 8 * size, size)
    keys, order = doubles(task[at.CHOICE] + 16 * size, size), integers(task[at.CHOICE] + 24 * size, size)
    logits = memory[logits_row(task, plan, k) : logits_row(task, plan, k) + size]
    if task[at.RECALL] != 0:
        recall(task[at.RECALL], logits, trail, end - known - n, end)
    conditions = integers(task[at.CONDITIONS] + 8 * k, 1)
    permitted = octets(task[at.PERMITTED] + size * conditions[0], size)
    symbol = choose(logits, recent, settings, uniform, permitted, kept, chances, keys, order)
    trail[end], conditions[0] = symbol, permitted[symbol]


@compiled
def read_on(task, plan, weights, memory):
    """Read COUNT symbols of one sequence, and score or predict their successors if the task is to."""
    ids = integers(task[at.IDS], task[at.COUNT])
    start = np.int64(0)  # of a type that does not make a second copy of the code for the number 0
    done = 0
    while done < task[at.COUNT]:
        steps = min(task[at.CHUNK], task[at.COUNT] - done)
        advance(task, plan, weights, memory, ids[done : done + steps], start)
        if task[at.MODE] != at.FEED:
            project(task, plan, start, steps)
        if task[at.MODE] == at.SCORE:
            score(task, plan, memory, done, steps)
        elif task[at.MODE] == at.PREDICT:
            give_logits(task, plan, memory, done, steps)
        save_past(task, plan, memory, steps)
        done += steps


@compiled
def score(task, plan, memory, done, steps):
    """Surprisal in nats of each successor, and whether it was the most likely symbol."""
    targets, correct = integers(task[at.TARGETS], task[at.COUNT]), octets(task[at.CORRECT], task[at.COUNT])
    surprisal = doubles(task[at.SURPRISAL], task[at.COUNT])
    chances = doubles(task[at.CHOICE], plan[at.VOCABULARY])
    low, high = share(task, steps, 1)
    for r in range(low, high):
        logits = memory[logits_row(task, plan, r) : logits_row(task, plan, r) + plan[at.VOCABULARY]]
        best = 0
        for i in range(logits.size):
            if logits[i] > logits[best]:
                best = i
        highest, total = np.float64(logits[best]), 0.0
        for i in range(logits.size):
            chances[i] = exp(np.float64(logits[i]) - highest)
        for i in range(logits.size):
            total += chances[i]
        target = targets[done + r]
        surprisal[done + r] = np.log(total) + highest - np.float64(logits[target])
        correct[done + r] = best == target


@compiled
def give_logits(task, plan, memory, done, steps):
    """Copy the logits after each symbol of the chunk to where the caller wants them."""
    size = plan[at.VOCABULARY]
    predicted = floats(task[at.PREDICTED], task[at.COUNT] * size)
    low, high = share(task, steps, 1)
    for r in range(low, high):
        logits = memory[logits_row(task, plan, r) : logits_row(task, plan, r) + size]
        for i in range(size):
            predicted[(done + r) * size + i] = logits[i]


@compiled
def exchange_states(task, plan, inward):
    """Copy the states [K, STATE_SIZE] into the memory or out of it: every layer's past, then its cells."""
    sequences, stride, width = task[at.SEQUENCES], task[at.STRIDE], plan[at.WIDTH]
    for k in range(sequences if task[at.RANK] == 0 else 0):
        place = task[at.STATES] + 4 * k * task[at.STATE_SIZE]
        for layer in range(plan[LAYERS]):
            for t in range(plan[at.HEADER + layer * at.LAYER_FIELDS + at.PAST]):
                exchange(
                    task, place, task[at.HISTORIES + layer] + (t * sequences + k) * stride, width, inward
                )
                place += 4 * width
        for layer in range(plan[LAYERS] if plan[at.CORE] == at.LSTM else 0):
            exchange(task, place, task[at.CELLS] + (layer * sequences + k) * stride, width, inward)
            place += 4 * width


@compiled
def exchange(task, address, offset, width, inward):
    """Copy one vector of a state into the memory or out of it."""
    place = task[at.MEMORY] + 4 * offset
    if inward:
        copy_floats(address, place, width)
    else:
        copy_floats(place, address, width)
