"""The sampling steps of ``generation.choice``, one symbol of one sequence at a time, without allocating."""

import numpy as np

from riverrun.generation.compiled.exponential import exp
from riverrun.generation.compiled.layout import SETTING
from riverrun.generation.compiled.vectors import compiled
from riverrun.text.permitted import NEVER

_TEMPERATURE, _TOP_K, _TOP_P, _MIN_P, _TYPICAL_P, _PENALTY, _UNIFORM = (
    SETTING[name]
    for name in ("temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "uniform")
)
_NONE = -np.inf
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@compiled
def draw(start, position):
    """``draws.uniform`` from a sequence's start: a number in [0, 1) with 53 random bits."""
    value = start + _GOLDEN * (np.uint64(position) + np.uint64(1))
    value = (value ^ (value >> np.uint64(30))) * _MULTIPLIERS[0]
    value = (value ^ (value >> np.uint64(27))) * _MULTIPLIERS[1]
    value = value ^ (value >> np.uint64(31))
    return np.float64(value >> np.uint64(11)) * 2.0**-53


@compiled
def choose(logits, recent, settings, uniform, permitted, kept, chances, keys, order):
    """The next symbol.

    Args:
        logits: float32 [V].
        recent: the latest symbols, oldest first, at most the repetition window.
        settings: float64 [settings].
        uniform: a random number in [0, 1).
        permitted: uint8 [V], the row that holds now.
        kept, chances, keys: float64 [V], scratch.
        order: int64 [V], scratch.
    """
    if settings[_UNIFORM] != 0:
        make_equal(permitted, kept)
    else:
        mend(logits, permitted, kept)
        if settings[_PENALTY] != 1 and recent.size > 0:
            penalise(kept, recent, settings[_PENALTY], order)
        if settings[_TEMPERATURE] == 0:
            return np.int64(most_likely(kept))
        narrow(kept, settings, chances, keys, order)
    return pick(kept, uniform, chances)


@compiled
def make_equal(permitted, kept):
    """All permitted symbols are equally likely."""
    for i in range(kept.size):
        kept[i] = _NONE if permitted[i] == NEVER else 0.0


@compiled
def mend(logits, permitted, kept):
    """Logits of permitted symbols without not-a-number; +inf wins over all finite ones; never all -inf."""
    highest = _NONE
    for i in range(logits.size):
        value = np.float64(logits[i])
        value = _NONE if value != value or permitted[i] == NEVER else value
        kept[i] = value
        highest = value if value > highest else highest
    if highest == np.inf:
        for i in range(kept.size):
            kept[i] = 0.0 if kept[i] == np.inf else _NONE
    elif highest == _NONE:
        make_equal(permitted, kept)


@compiled
def penalise(kept, recent, penalty, seen):
    """Repetition penalty: once for each different symbol in ``recent``."""
    for i in range(recent.size):
        seen[recent[i]] = 0
    for i in range(recent.size):
        symbol = recent[i]
        if seen[symbol] == 0:
            seen[symbol] = 1
            kept[symbol] = kept[symbol] / penalty if kept[symbol] > 0 else kept[symbol] * penalty


@compiled
def most_likely(kept):
    """The first of the largest."""
    best = 0
    for i in range(kept.size):
        if kept[i] > kept[best]:
            best = i
    return best


@compiled
def narrow(kept, settings, chances, keys, order):
    """Temperature, top-k, nucleus, min-p and typical sampling, in this order."""
    highest = kept[most_likely(kept)]
    for i in range(kept.size):
        kept[i] = (kept[i] - highest) / settings[_TEMPERATURE]
    top_k = np.int64(settings[_TOP_K])
    if 0 < top_k < kept.size:
        for i in range(kept.size):
            keys[i] = -kept[i]
        keep_first(kept, keys, order, chances, top_k, np.inf)
    if settings[_TOP_P] < 1:
        soften(kept, chances)
        for i in range(kept.size):
            keys[i] = -kept[i]
        keep_first(kept, keys, order, chances, kept.size, settings[_TOP_P])
    if settings[_MIN_P] > 0:
        least = np.log(settings[_MIN_P])
        for i in range(kept.size):  # the largest is 0 still
            kept[i] = kept[i] if kept[i] >= least else _NONE
    if settings[_TYPICAL_P] < 1:
        surprise(kept, chances, keys)
        keep_first(kept, keys, order, chances, kept.size, settings[_TYPICAL_P])


@compiled
def soften(kept, chances):
    """Softmax; returns the largest surprisal's reference, the log of the sum, in nats."""
    total = 0.0
    for i in range(kept.size):
        chances[i] = exp(kept[i])
    for i in range(kept.size):
        total += chances[i]
    for i in range(kept.size):
        chances[i] /= total
    return np.log(total)


@compiled
def surprise(kept, chances, keys):
    """Softmax, and how far each symbol's surprisal lies from their mean, the entropy."""
    logarithm = soften(kept, chances)
    entropy = 0.0
    for i in range(kept.size):
        if chances[i] > 0:
            entropy += chances[i] * (logarithm - kept[i])
    for i in range(kept.size):
        keys[i] = abs(logarithm - kept[i] - entropy) if chances[i] > 0 else np.inf


@compiled
def keep_first(kept, keys, order, chances, most, enough):
    """Keep the symbols of smallest key, equal ones by id, until there are ``most`` or they are likely enough.

    A heap gives them in order one at a time: a nucleus is small beside a vocabulary of words.
    """
    size = kept.size
    for i in range(size):
        order[i] = i
    for i in range(size // 2 - 1, -1, -1):
        sink(order, keys, i, size)
    count, total = 0, 0.0
    while count < most and size > 0:
        first = order[0]
        size -= 1
        order[0] = order[size]
        order[size] = first
        sink(order, keys, 0, size)
        count += 1
        total += chances[first]
        if total >= enough:
            break
    for i in range(size):
        kept[order[i]] = _NONE


@compiled
def sink(order, keys, start, size):
    """Restore a heap whose element at ``start`` may come too early."""
    place = start
    while True:
        child = 2 * place + 1
        if child >= size:
            return
        if child + 1 < size and before(keys, order[child + 1], order[child]):
            child += 1
        if not before(keys, order[child], order[place]):
            return
        order[place], order[child] = order[child], order[place]
        place = child


@compiled
def before(keys, first, second):
    """Smaller key, or the same key and lower id."""
    return keys[first] < keys[second] or (keys[first] == keys[second] and first < second)


@compiled
def pick(kept, uniform, chances):
    """The symbol at which the running sum of chances passes ``uniform`` of the whole."""
    total, last = 0.0, 0
    highest = kept[most_likely(kept)]
    for i in range(kept.size):
        chances[i] = exp(kept[i] - highest)
    for i in range(kept.size):
        total += chances[i]
        last = i if kept[i] > _NONE else last
    bound, total = uniform * total, 0.0
    for i in range(kept.size):
        total += chances[i]
        if total > bound:
            return min(i, last)
    return last
