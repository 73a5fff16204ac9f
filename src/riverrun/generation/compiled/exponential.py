"""The exponential from sums and products alone, so that loops over it become vector code."""

import numpy as np

from riverrun.generation.compiled.vectors import bits_to_double, compiled

_LOG2E = 1.4426950408889634
_LN2_HIGH = 0.693147180369123816490  # the first 32 bits, so that its product with a small integer is exact
_LN2_LOW = 1.90821492927058770002e-10
_LOWEST = -708.0  # exp of less is below the normal numbers
_FACTORIALS = (39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0)


@compiled
def exp(x):
    """Exponential in float64 to 4e-16, of numbers up to 0; 0 below -708.

    exp(x) = 2**n exp(r) with |r| <= ln(2) / 2, and the Taylor series of exp(r) to the 12th power.
    """
    bounded = x if x > _LOWEST else _LOWEST
    n = np.floor(bounded * _LOG2E + 0.5)
    r = bounded - n * _LN2_HIGH - n * _LN2_LOW
    series = 1 / 479001600
    for factorial in _FACTORIALS:
        series = series * r + 1 / factorial
    return series * bits_to_double((np.int64(n) + 1023) << 52) if x > _LOWEST else 0.0
