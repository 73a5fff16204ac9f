"""What a memory thinks of a fork: counts of every context, and where the longest match goes on, mixed.

Each count gives the logarithm of its odds and how sure it is; weights that depend on where one stands add them up,
four ways, and these four sums are added up again: the gated mixing of paq8 (Mahoney 2005; Mattern 2013). Everything
here is a logarithm of odds, positive for the second end of a fork.
"""

import numpy as np

from riverrun.memory.contexts import find_contexts, mixed
from riverrun.memory.kernels import inner, outer
from riverrun.memory.pages import counted, turn_to
from riverrun.memory.shapes import (
    CONTEXTS,
    ENDS,
    INPUTS,
    KNOWN,
    LATEST,
    LENGTHS,
    MATCH,
    MOST,
    ORDERS,
    REACH,
    SCENES,
    WAYS,
)

_UNSURE = 0.2  # added to every count
_LOGARITHMS = np.log(np.arange(MOST + 1) + _UNSURE)
_BIAS = 0.3

# What a scene holds beside its arrays:
EXPECTED, LENGTH, LAST, WORD = 0, 1, 2, 3


@inner
def gram(ids, end, size):
    """Which of ``size`` places is that of the MATCH symbols before ``end``."""
    value = np.uint64(7)
    for back in range(1, MATCH + 1):
        value = mixed(value, np.uint64(ids[end - back] + 1))
    return np.int64(value & np.uint64(size - 1))


@inner
def enter(tables, scene, ids, low, end):
    """Come to the place after ``ids[low:end]``."""
    at, forks = scene.at, tables.forks
    low = max(low, end - REACH)
    if at[EXPECTED] >= 0:
        for step in range(forks.starts[at[EXPECTED]], forks.starts[at[EXPECTED] + 1]):
            scene.expected[forks.path[step] >> 1] = -1
    at[EXPECTED], at[LENGTH] = -1, 0
    if end - low >= MATCH:
        place = np.int64(tables.places[gram(ids, end, tables.places.size)]) - 1
        if place >= 0:
            length = 0
            while (
                length < min(REACH - 1, end - low)
                and place > length
                and tables.text[place - 1 - length] == ids[end - 1 - length]
            ):
                length += 1
            if length >= MATCH:
                at[EXPECTED], at[LENGTH] = tables.text[place], length
                for step in range(forks.starts[at[EXPECTED]], forks.starts[at[EXPECTED] + 1]):
                    scene.expected[forks.path[step] >> 1] = forks.path[step] & 1
    at[LAST] = ids[end - 1] if end > low else 0
    at[WORD] = find_contexts(ids, low, end, tables.kind, tables.fold, scene.contexts)


@inner
def think(tables, scene, fork):
    """The logarithm of the odds at a fork, whose ancestors were thought of before, and how many orders know it."""
    forks, inputs, at = tables.forks, scene.inputs, scene.at
    if forks.slot[fork] == 0:
        turn_to(tables.pages, scene.contexts, forks, fork, scene.found)
    first, slot, known = forks.page[fork] * CONTEXTS, forks.slot[fork], 0
    for index in range(CONTEXTS):
        inputs[2 * index] = inputs[2 * index + 1] = 0.0
        place = scene.found[first + index]
        if place < 0:
            continue
        zeros, ones = counted(tables.pages, place, slot, 0), counted(tables.pages, place, slot, 1)
        total = zeros + ones
        if total == 0:
            continue
        inputs[2 * index] = _LOGARITHMS[ones] - _LOGARITHMS[zeros]
        inputs[2 * index + 1] = 2.0 * (ones - zeros) / (total + 2 * _UNSURE) * (1.0 - 1.0 / (total + 0.5))
        known += 1 if index < ORDERS else 0
    matched = expect(tables, scene, fork)
    inputs[INPUTS - 1] = _BIAS
    scenery = (min(at[LENGTH], LENGTHS - 1) * 3 + matched) * KNOWN + known
    scene.rows[0] = fork
    scene.rows[1] = forks.page.size + scenery
    scene.rows[2] = forks.page.size + SCENES + (at[LAST] * 251 + fork) % LATEST
    shape = (known * 4 + np.int64(tables.kind[at[LAST]])) * 16 + min(at[WORD], 15)
    scene.rows[3] = forks.page.size + SCENES + LATEST + shape
    scene.rows[4] = scenery * WAYS
    return add_up(tables, scene), known


@inner
def expect(tables, scene, fork):
    """The inputs of the match; returns 0 where there is none at this fork, else 1 plus the end that it expects."""
    end, inputs = scene.expected[fork], scene.inputs
    inputs[INPUTS - 3] = inputs[INPUTS - 2] = 0.0
    if end < 0:
        return 0
    length = scene.at[LENGTH]
    right, wrong = np.float64(tables.trust[2 * length]) + 0.4, np.float64(tables.trust[2 * length + 1]) + 0.4
    sign = 1.0 if end == 1 else -1.0
    inputs[INPUTS - 3] = sign * np.log(right / wrong)
    inputs[INPUTS - 2] = sign * (right - wrong) / (right + wrong)
    return 1 + end


@inner
def add_up(tables, scene):
    """Inputs times weights in each of the ways, and these sums times votes."""
    inputs, total = scene.inputs, 0.0
    for way in range(WAYS):
        place, value = scene.rows[way] * INPUTS, 0.0
        for index in range(INPUTS):
            value += tables.weights[place + index] * inputs[index]
        scene.sums[way] = max(-ENDS, min(ENDS, value))
        total += tables.votes[scene.rows[WAYS] + way] * scene.sums[way]
    return max(-ENDS, min(ENDS, total))


@inner
def chance(odds):
    """The probability of the second end, of the logarithm of its odds."""
    return 1.0 / (1.0 + np.exp(-odds))


@inner
def learn(tables, scene, fork, odds, end, rate):
    """What was thought of a fork is corrected by the end that was taken: each way by its own error, then the votes."""
    error = end - chance(odds)
    for way in range(WAYS):
        step, place = rate * (end - chance(scene.sums[way])), scene.rows[way] * INPUTS
        for index in range(INPUTS):
            tables.weights[place + index] += step * scene.inputs[index]
        tables.votes[scene.rows[WAYS] + way] += _VOTING * error * scene.sums[way]
    if scene.expected[fork] >= 0:
        tables.trust[2 * scene.at[LENGTH] + (0 if scene.expected[fork] == end else 1)] += 1.0


_VOTING = 0.002  # how fast votes change


@outer
def follow(tables, scene, ids, start, odds, known):
    """What is thought of the forks on the way to each of ``ids[start:]``: odds, known [T, D]."""
    forks = tables.forks
    for end in range(start, ids.size):
        enter(tables, scene, ids, 0, end)
        first = forks.starts[ids[end]]
        for step in range(first, forks.starts[ids[end] + 1]):
            value, orders = think(tables, scene, forks.path[step] >> 1)
            odds[end - start, step - first] = value
            known[end - start, step - first] = orders
