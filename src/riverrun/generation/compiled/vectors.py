"""What Python has no word for: arrays at an address, and products of panels in vector instructions."""

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from riverrun.generation.compiled.layout import BFLOAT16, FLOAT32, INT8, LANES, PANEL

OPTIONS: dict[str, Any] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}
"""How every function of the loop is compiled: with no reference to Python or to numba's own runtime, and no
liberties with floating-point numbers but the fused multiply-add."""

compiled = njit(**OPTIONS)

_ADDRESS = ir.IntType(64)
_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_PER_PANEL = PANEL // LANES
_STORED = {FLOAT32: _FLOAT, BFLOAT16: ir.IntType(16), INT8: ir.IntType(8)}
_BYTES = {FLOAT32: 4, BFLOAT16: 2, INT8: 1}
_UNROLLED = 4
_FUSED = ("contract",)


def _array_at(dtype: types.Type) -> Any:
    @intrinsic
    def array(typing_context, address, count):
        """The array [count] at an address; nothing owns it."""
        array_type = types.Array(dtype, 1, "C")

        def generate(context, builder, signature, arguments):
            element = context.get_data_type(dtype)
            size = context.get_constant(types.intp, context.get_abi_sizeof(element))
            result = make_array(array_type)(context, builder)
            populate_array(
                result,
                data=builder.inttoptr(arguments[0], element.as_pointer()),
                shape=[arguments[1]],
                strides=[size],
                itemsize=size,
                meminfo=None,
            )
            return result._getvalue()

        return array_type(types.int64, types.int64), generate

    return array


floats = _array_at(types.float32)
doubles = _array_at(types.float64)
integers = _array_at(types.int64)
unsigned = _array_at(types.uint64)
octets = _array_at(types.uint8)


def panel_product(kind: int, rows: int) -> Any:
    """A product of one panel with ``rows`` vectors: ``outputs[r] += scales * (panel @ inputs[r])``.

    Arguments, all int64: address of the panel; address of the inputs and elements from one row to the next;
    address of the outputs and elements from one row to the next; columns; address of the panel's scales,
    which only int8 weights have.
    """

    @intrinsic
    def product(typing_context, panel, inputs, input_stride, outputs, output_stride, columns, scales):
        def generate(context, builder, signature, arguments):
            _Product(builder, kind, rows, *arguments).write()
            return context.get_dummy_value()

        return types.void(*[types.int64] * 7), generate

    return product


class _Product:
    """Writes the instructions of one panel product: sums are values, and so stay in registers."""

    def __init__(
        self, builder, kind, rows, panel, inputs, input_stride, outputs, output_stride, columns, scales
    ):
        self.builder, self.kind, self.columns = builder, kind, columns
        self.panel, self.scales = panel, scales
        self.inputs = [self._offset(inputs, input_stride, 4 * row) for row in range(rows)]
        self.outputs = [self._offset(outputs, output_stride, 4 * row) for row in range(rows)]

    def write(self) -> None:
        places = [place for row in self.outputs for place in self._vectors_at(row, 4)]
        before = [self._load(place, _VECTOR) for place in places]
        starts = before if self.kind != INT8 else [ir.Constant(_VECTOR, [0.0] * LANES)] * len(before)
        sums = self._loop(starts)
        if self.kind == INT8:
            scales = [self._load(place, _VECTOR) for place in self._vectors_at(self.scales, 4)] * len(
                self.outputs
            )
            sums = [self._multiply_add(*each) for each in zip(sums, scales, before, strict=True)]
        for place, value in zip(places, sums, strict=True):
            self.builder.store(value, self.builder.inttoptr(place, _VECTOR.as_pointer()), align=4)

    def _loop(self, starts: list) -> list:
        builder = self.builder
        entry = builder.block
        body = builder.append_basic_block("columns")
        end = builder.append_basic_block("summed")
        builder.branch(body)
        builder.position_at_end(body)
        column = builder.phi(_ADDRESS)
        column.add_incoming(_ADDRESS(0), entry)
        sums = [builder.phi(_VECTOR) for _ in starts]
        after: list = list(sums)
        for step in range(_UNROLLED):
            after = self._column(builder.add(column, _ADDRESS(step)), after)
        following = builder.add(column, _ADDRESS(_UNROLLED))
        column.add_incoming(following, builder.block)
        for value, start, last in zip(sums, starts, after, strict=True):
            value.add_incoming(start, entry)
            value.add_incoming(last, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, self.columns), body, end)
        builder.position_at_end(end)
        return after

    def _column(self, column, sums: list) -> list:
        place = self._offset(self.panel, column, PANEL * _BYTES[self.kind])
        weights = [self._weights(each) for each in self._vectors_at(place, _BYTES[self.kind])]
        after = []
        for row, inputs in enumerate(self.inputs):
            value = self._spread(self._load(self._offset(inputs, column, 4), _FLOAT))
            for index, weight in enumerate(weights):
                after.append(self._multiply_add(weight, value, sums[row * _PER_PANEL + index]))
        return after

    def _weights(self, place):
        builder = self.builder
        stored = self._load(place, ir.VectorType(_STORED[self.kind], LANES))
        if self.kind == FLOAT32:
            return stored
        whole = ir.VectorType(ir.IntType(32), LANES)
        if self.kind == INT8:
            return builder.sitofp(builder.sext(stored, whole), _VECTOR)
        shifts = ir.Constant(whole, [16] * LANES)
        return builder.bitcast(builder.shl(builder.zext(stored, whole), shifts), _VECTOR)

    def _spread(self, value):
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        first = self.builder.insert_element(nothing, value, ir.IntType(32)(0))
        return self.builder.shuffle_vector(
            first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        )

    def _multiply_add(self, first, second, third):
        return self.builder.fadd(self.builder.fmul(first, second, flags=_FUSED), third, flags=_FUSED)

    def _vectors_at(self, place, size: int) -> list:
        return [self.builder.add(place, _ADDRESS(size * LANES * index)) for index in range(_PER_PANEL)]

    def _offset(self, place, count, size: int):
        return self.builder.add(place, self.builder.mul(count, _ADDRESS(size)))

    def _load(self, place, kind):
        return self.builder.load(
            self.builder.inttoptr(place, kind.as_pointer()), align=1 if kind != _FLOAT else 4
        )


def _bits_to_double(typing_context, bits):
    """The float64 with these 64 bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


bits_to_double: Any = intrinsic(_bits_to_double)
