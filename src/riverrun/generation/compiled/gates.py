"""What the gates of LANES units make of their sums: written as vector instructions, one block at a time."""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from riverrun.generation.compiled.layout import GATES, GRU, LANES, LSTM

_ADDRESS = ir.IntType(64)
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_FUSED = ("contract",)

_BOUND = 7.90531110763549805  # beyond it tanh is 1 in float32
_ABOVE = (  # coefficients of x ** 13, x ** 11, ..., x
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
_BELOW = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)


class Vector:
    """LANES float32 numbers of the code that is being written; operators write instructions."""

    def __init__(self, builder: Any, value: Any) -> None:
        self._builder, self._value = builder, value

    def __add__(self, other: "Vector | float") -> "Vector":
        return self._with(self._builder.fadd(self._value, self._number(other), flags=_FUSED))

    def __sub__(self, other: "Vector") -> "Vector":
        return self._with(self._builder.fsub(self._value, other._value, flags=_FUSED))

    def __mul__(self, other: "Vector | float") -> "Vector":
        return self._with(self._builder.fmul(self._value, self._number(other), flags=_FUSED))

    def __truediv__(self, other: "Vector") -> "Vector":
        return self._with(self._builder.fdiv(self._value, other._value))

    def within(self, bound: float) -> "Vector":
        """Each number, or the bound nearest to it; not-a-number stays what it is."""
        value = self._value
        for limit, beyond in ((-bound, "<"), (bound, ">")):
            constant = self._number(limit)
            value = self._builder.select(self._builder.fcmp_ordered(beyond, value, constant), constant, value)
        return self._with(value)

    def store(self, address: Any) -> None:
        place = self._builder.inttoptr(address, _VECTOR.as_pointer())
        self._builder.store(self._value, place, align=4)

    @classmethod
    def load(cls, builder: Any, address: Any) -> "Vector":
        return cls(builder, builder.load(builder.inttoptr(address, _VECTOR.as_pointer()), align=4))

    def _with(self, value: Any) -> "Vector":
        return Vector(self._builder, value)

    def _number(self, other: "Vector | float") -> Any:
        return other._value if isinstance(other, Vector) else ir.Constant(_VECTOR, [other] * LANES)


def tanh(x: Vector) -> Vector:
    """Hyperbolic tangent to 4e-7: the rational approximation of Eigen (``ptanh_float``)."""
    x = x.within(_BOUND)
    square = x * x
    return x * _polynomial(_ABOVE, square) / _polynomial(_BELOW, square)


def sigmoid(x: Vector) -> Vector:
    """Logistic function, through tanh, which cannot overflow."""
    return tanh(x * 0.5) * 0.5 + 0.5


def _polynomial(coefficients: Sequence[float], x: Vector) -> Vector:
    first, second, *rest = coefficients
    value = x * first + second
    for coefficient in rest:
        value = value * x + coefficient
    return value


def _read(builder: Any, address: Any, count: int) -> list[Vector]:
    """Vectors that stand one after the other."""
    return [Vector.load(builder, builder.add(address, _ADDRESS(4 * LANES * index))) for index in range(count)]


@intrinsic
def _lstm_units(typing_context, gates, cells, hidden):
    """Input, forget, content and output gates (Hochreiter & Schmidhuber 1997, Gers et al. 2000).

    Addresses of float32: gates [4, LANES], cells [LANES], which change, and hidden [LANES], which is written.
    """

    def generate(context, builder, signature, arguments):
        first, forget, content, last = _read(builder, arguments[0], GATES[LSTM])
        (cell,) = _read(builder, arguments[1], 1)
        cell = sigmoid(forget) * cell + sigmoid(first) * tanh(content)
        cell.store(arguments[1])
        (sigmoid(last) * tanh(cell)).store(arguments[2])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), generate


@intrinsic
def _gru_units(typing_context, given, kept, before, hidden):
    """Reset, update and content (Cho et al. 2014), the reset after the product, as in torch.

    Addresses of float32: given and kept [3, LANES], before [LANES], and hidden [LANES], which is written.
    """

    def generate(context, builder, signature, arguments):
        new, kept = (_read(builder, address, GATES[GRU]) for address in arguments[:2])
        (old,) = _read(builder, arguments[2], 1)
        reset, update = (sigmoid(new[gate] + kept[gate]) for gate in range(2))
        content = tanh(new[2] + reset * kept[2])
        (content + update * (old - content)).store(arguments[3])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@intrinsic
def _gated_units(typing_context, gates, mixed):
    """Content times gate (van den Oord et al. 2016): gates [2, LANES] to mixed [LANES], by address."""

    def generate(context, builder, signature, arguments):
        content, gate = _read(builder, arguments[0], 2)
        (tanh(content) * sigmoid(gate)).store(arguments[1])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 2), generate


lstm_units: Any = _lstm_units
gru_units: Any = _gru_units
gated_units: Any = _gated_units
