"""How far a network and a memory are believed, at every fork: weights fitted on text that neither has learned.

Both give the logarithm of the odds; what they are multiplied by depends on how sure the network is and on how many
orders the memory knows (as the last mixer of cmix and paq8px, which have an LSTM among their inputs).
"""

import numpy as np
from numpy.typing import NDArray

from riverrun.memory.kernels import inner, outer
from riverrun.memory.memory import Gate, Memory, Opinions
from riverrun.memory.opinions import chance, enter, think
from riverrun.memory.shapes import ENDS, KNOWN, PARTS, PLACES, SURENESS, Scene, Tables, empty_scene

RATE = 0.005
_PASSES = 8
_BIAS = 0.3
_TINY = 1e-12


def new_gate() -> Gate:
    """One that believes both half."""
    return Gate(np.tile(np.array([0.5, 0.5, 0.0], np.float32), PLACES))


def fit(network: NDArray[np.float32], opinions: Opinions, memory: Memory, part: slice = slice(None)) -> Gate:
    """The gate that predicts symbols best.

    Args:
        network: [T, D], its logarithms of the odds at the forks on the way to each symbol.
        opinions: of the memory, of the same.
        memory: whose opinions these are.
        part: which of the T symbols count.
    """
    gate = new_gate()
    for number in range(_PASSES):
        _pass(memory.tables.forks, gate.weights, *_part(network, opinions, part), RATE / (1 + number))
    return gate


def surprisal(
    gate: Gate, network: NDArray[np.float32], opinions: Opinions, memory: Memory, part: slice = slice(None)
) -> float:
    """Nats of all symbols together; arguments as those of :func:`fit`."""
    return _pass(memory.tables.forks, gate.weights, *_part(network, opinions, part), 0.0)


def learn_on(gate: Gate, network: NDArray[np.float32], opinions: Opinions, memory: Memory) -> None:
    """Correct a gate by what came, once; arguments as those of :func:`fit`."""
    _pass(memory.tables.forks, gate.weights, *_part(network, opinions, slice(None)), RATE)


def held_out_surprisal(network: NDArray[np.float32], opinions: Opinions, memory: Memory) -> float:
    """Nats of all symbols, each half of them under the gate that the other half gave: no symbol is predicted by what
    was fitted on it (law 10)."""
    middle = len(opinions.targets) // 2
    halves = (slice(0, middle), slice(middle, None))
    return sum(
        surprisal(fit(network, opinions, memory, other), network, opinions, memory, half)
        for half, other in (halves, halves[::-1])
    )


def network_odds(
    logits: NDArray[np.float32], targets: NDArray[np.int64], memory: Memory
) -> NDArray[np.float32]:
    """What logits [T, V] say at the forks on the way to targets [T]: logarithms of the odds [T, D]."""
    forks = memory.tables.forks
    odds = np.zeros((len(targets), int(np.diff(forks.starts).max())), np.float32)
    masses = np.zeros(len(forks.page))
    _odds_on_the_way(forks, np.ascontiguousarray(logits, np.float32), targets, masses, odds)
    return odds


def mix(
    logits: NDArray[np.float32], ids: NDArray[np.int64], low: int, memory: Memory, gate: Gate, share: float
) -> None:
    """Turn logits [T, V] of what follows each of ``ids[low:]`` into logarithms of probabilities, mixed with the
    memory's; ``share`` of 0 to 1 is how far the gate is followed."""
    scene, masses = empty_scene(len(memory.tables.forks.page)), np.zeros(len(memory.tables.forks.page))
    _mix_all(memory.tables, gate.weights, share, scene, ids, low, masses, logits)


def _part(
    network: NDArray[np.float32], opinions: Opinions, part: slice
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
    return network[part], opinions.odds[part], opinions.known[part], opinions.targets[part]


@inner
def place_of(network, known):
    """Where the weights are that hold at a fork."""
    size, sureness = abs(network), 0
    for bound in SURENESS:
        sureness += 1 if size > bound else 0
    return (sureness * KNOWN + np.int64(known)) * PARTS


@inner
def gated(weights, place, network, remembered):
    """Both odds as one."""
    odds = weights[place] * network + weights[place + 1] * remembered + weights[place + 2] * _BIAS
    return max(-ENDS, min(ENDS, odds))


@inner
def correct(weights, place, network, remembered, odds, end, rate):
    """Learn from the end that was taken."""
    error = rate * (end - chance(odds))
    weights[place] += error * network
    weights[place + 1] += error * remembered
    weights[place + 2] += error * _BIAS


@inner
def unlikely(odds, end):
    """Surprisal in nats of an end."""
    return softplus(-odds if end == 1 else odds)


@inner
def softplus(value):
    return np.log(1.0 + np.exp(-abs(value))) + max(value, 0.0)


@inner
def weigh(forks, logits, masses):
    """How much of the network's probability is below each fork: masses [F] from logits [V], up to a factor."""
    highest = logits[0]
    for symbol in range(logits.size):
        highest = max(highest, logits[symbol])
    for fork in range(masses.size - 1, -1, -1):
        masses[fork] = mass(forks, logits, masses, highest, fork, 0) + mass(
            forks, logits, masses, highest, fork, 1
        )
    return highest


@inner
def mass(forks, logits, masses, highest, fork, end):
    """The same at one end of a fork."""
    below = forks.below[2 * fork + end]
    return masses[below] if below >= 0 else np.exp(np.float64(logits[-1 - below]) - np.float64(highest))


@inner
def network_at(forks, logits, masses, highest, fork):
    """What the network says of a fork: the logarithm of the odds."""
    zero, one = (
        mass(forks, logits, masses, highest, fork, 0),
        mass(forks, logits, masses, highest, fork, 1),
    )
    return max(-ENDS, min(ENDS, np.log((one + _TINY) / (zero + _TINY))))


@inner
def mix_one(tables, weights, share, scene, ids, low, end, masses, logits):
    """Logits [V] of what follows ``ids[low:end]`` become logarithms of mixed probabilities."""
    forks = tables.forks
    highest = weigh(forks, logits, masses)
    enter(tables, scene, ids, low, end)
    for fork in range(masses.size):  # the way down: what a fork gets is known before what is below it
        network = network_at(forks, logits, masses, highest, fork)
        remembered, known = think(tables, scene, fork)
        both = gated(weights, place_of(network, known), network, remembered)
        scene.odds[fork] = network + share * (both - network)
    masses[0] = 0.0
    for fork in range(masses.size):
        for end_taken in range(2):
            value = masses[fork] - unlikely(scene.odds[fork], end_taken)
            below = forks.below[2 * fork + end_taken]
            if below >= 0:
                masses[below] = value
            else:
                logits[-1 - below] = value


@outer
def _mix_all(tables: Tables, weights, share, scene: Scene, ids, low, masses, logits):
    for row in range(logits.shape[0]):
        mix_one(tables, weights, share, scene, ids, 0, low + row + 1, masses, logits[row])


@outer
def _odds_on_the_way(forks, logits, targets, masses, odds):
    for row in range(targets.size):
        highest = weigh(forks, logits[row], masses)
        first = forks.starts[targets[row]]
        for step in range(first, forks.starts[targets[row] + 1]):
            odds[row, step - first] = network_at(forks, logits[row], masses, highest, forks.path[step] >> 1)


@outer
def _pass(forks, weights, network, remembered, known, targets, rate):
    """Go once through symbols; with a rate above 0 the gate learns. Returns nats."""
    nats = 0.0
    for row in range(targets.size):
        first = forks.starts[targets[row]]
        for step in range(first, forks.starts[targets[row] + 1]):
            column, end = step - first, forks.path[step] & 1
            said, thought = np.float64(network[row, column]), np.float64(remembered[row, column])
            place = place_of(said, known[row, column])
            odds = gated(weights, place, said, thought)
            nats += unlikely(odds, end)
            if rate > 0:
                correct(weights, place, said, thought, odds, end, rate)
    return nats
