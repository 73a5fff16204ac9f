"""Random numbers as a pure function: one uniform draw for each (seed, sequence, position).

A counter-based generator (Salmon et al. 2011) needs no state, so what one sequence gets cannot depend on how
symbols are grouped into calls or on what else is generated beside it. The mixing function is SplitMix64's
(Steele et al. 2014).
"""

import os

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def uniform(seed: int, sequence: int, position: int) -> float:
    """A number in [0, 1) with 53 random bits."""
    return (_mix((start(seed, sequence) + _GOLDEN * (position + 1)) & _MASK) >> 11) * 2.0**-53


def start(seed: int, sequence: int) -> int:
    """What all draws of one sequence have in common: 64 bits."""
    return _mix((seed + _GOLDEN * (sequence + 1)) & _MASK)


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def new_seed() -> int:
    """A seed nobody chose."""
    return int.from_bytes(os.urandom(6), "little")
