"""Elementary functions from sums, products and quotients alone, so that loops over them become vector code."""

import numpy as np

from riverrun.generation.compiled.vectors import bits_to_double, compiled

_ONE = np.float32(1)
_HALF = np.float32(0.5)
_BOUND = np.float32(7.90531110763549805)  # beyond it tanh is 1 in float32
_A1, _A3, _A5, _A7, _A9, _A11, _A13 = (
    np.float32(each)
    for each in (
        4.89352455891786e-03,
        6.37261928875436e-04,
        1.48572235717979e-05,
        5.12229709037114e-08,
        -8.60467152213735e-11,
        2.00018790482477e-13,
        -2.76076847742355e-16,
    )
)
_B0, _B2, _B4, _B6 = (
    np.float32(each)
    for each in (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
)

_LOG2E = 1.4426950408889634
_LN2_HIGH = 0.693147180369123816490  # the first 32 bits, so that its product with a small integer is exact
_LN2_LOW = 1.90821492927058770002e-10
_LOWEST = -708.0  # exp of less is below the normal numbers
_FACTORIALS = (39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0)


@compiled
def tanh(x):
    """Hyperbolic tangent in float32 to 4e-7: the rational approximation of Eigen (``ptanh_float``)."""
    x = -_BOUND if x < -_BOUND else (_BOUND if x > _BOUND else x)
    s = x * x
    above = x * (_A1 + s * (_A3 + s * (_A5 + s * (_A7 + s * (_A9 + s * (_A11 + s * _A13))))))
    return above / (_B0 + s * (_B2 + s * (_B4 + s * _B6)))


@compiled
def sigmoid(x):
    """Logistic function in float32, through tanh, which cannot overflow."""
    return _HALF + _HALF * tanh(_HALF * x)


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
