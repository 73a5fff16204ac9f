"""What Python has no word for: arrays at an address, and products of panels in vector instructions."""

import sys
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from riverrun.generation.compiled import processor
from riverrun.generation.compiled.layout import BFLOAT16, FLOAT32, INT8, LANES, PANEL
from riverrun.memory.kernels import OPTIONS

compiled = njit(**OPTIONS)
"""How every function of the loop is compiled: with no reference to Python or to numba's own runtime, and no
liberties with floating-point numbers but the fused multiply-add."""

_ADDRESS = ir.IntType(64)
_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_WORDS = ir.VectorType(ir.IntType(32), LANES)
_PER_PANEL = PANEL // LANES
_HALVES = ir.VectorType(ir.IntType(16), LANES)
_SHIFTS = {FLOAT32: (0,), INT8: (24, 16, 8, 0)}
"""How far each weight of a 32-bit word lies from its top. What is below a weight in its word stays there, as
a fraction of its last bit that the packing has allowed for."""
_UPPER = 0xFFFF0000
_DOTS_OF_PAIRS = processor.has("avx512bf16")
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
words = _array_at(types.int32)
halves = _array_at(types.uint16)


def _copy_floats(typing_context, source, target, count):
    """Copy float32 elements from one address to another; the two must not overlap."""

    def generate(context, builder, signature, arguments):
        start, end = (builder.inttoptr(each, _FLOAT.as_pointer()) for each in arguments[:2])
        cgutils.raw_memcpy(builder, end, start, arguments[2], 4, align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


copy_floats: Any = intrinsic(_copy_floats)


def panel_product(kind: int, rows: int) -> Any:
    """A product of one panel with ``rows`` vectors: ``outputs[r] = starts[r] + scales * (panel @ inputs[r])``.

    Arguments, all int64: addresses of the panel, of the panel's scales (which only int8 weights have) and its
    columns; then address and elements from one row to the next of the starts, the inputs and the outputs.
    Columns and inputs of bf16 weights are pairs, see :func:`round_to_pairs`.
    """
    writer = _PairProduct if kind == BFLOAT16 else _Product

    @intrinsic
    def product(
        typing_context, panel, scales, columns, starts, step, inputs, input_step, outputs, output_step
    ):
        def generate(context, builder, signature, arguments):
            writer(builder, kind, rows, *arguments).write()
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), generate

    return product


class _Product:
    """Writes the instructions of one panel product: sums are values, and so stay in registers."""

    def __init__(self, builder, kind, rows, panel, scales, columns, *places):
        self.builder, self.kind, self.columns = builder, kind, columns
        self.panel, self.scales = panel, scales
        self.starts, self.inputs, self.outputs = (
            [self._offset(place, step, 4 * row) for row in range(rows)]
            for place, step in zip(places[::2], places[1::2], strict=True)
        )

    def write(self) -> None:
        places = [place for row in self.outputs for place in self._vectors_at(row, 4)]
        before = [self._load(place, _VECTOR) for row in self.starts for place in self._vectors_at(row, 4)]
        starts = before if self.kind != INT8 else [ir.Constant(_VECTOR, [0.0] * LANES)] * len(before)
        sums = self._loop(starts)
        if self.kind == INT8:
            scales = [self._load(place, _VECTOR) for place in self._vectors_at(self.scales, 4)]
            scales *= len(self.outputs)
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
        weights = self._weights(column)
        after = []
        for row, inputs in enumerate(self.inputs):
            value = self._spread(self._load(self._offset(inputs, column, 4), _FLOAT), _VECTOR)
            for index, weight in enumerate(weights):
                after.append(self._multiply_add(weight, value, sums[row * _PER_PANEL + index]))
        return after

    def _weights(self, column) -> list:
        """The vectors of one column of the panel, in float32."""
        builder, shifts = self.builder, _SHIFTS[self.kind]
        count = _PER_PANEL // len(shifts)
        place = self._offset(self.panel, column, 4 * LANES * count)
        words = [self._load(each, _WORDS) for each in self._vectors_at(place, 4)[:count]]
        whole = [
            builder.shl(word, ir.Constant(_WORDS, [shift] * LANES)) if shift else word
            for word in words
            for shift in shifts
        ]
        convert = builder.sitofp if self.kind == INT8 else builder.bitcast
        return [convert(word, _VECTOR) for word in whole]

    def _spread(self, value, kind):
        """A vector of that kind, all of whose elements are the value."""
        nothing = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(nothing, value, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, nothing, ir.Constant(_WORDS, [0] * LANES))

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


class _PairProduct(_Product):
    """The same of bf16 weights and inputs, two columns at once: each word holds both, the first at its bottom.

    Processors with AVX512-BF16 have an instruction for it; others take the words apart.
    """

    def _column(self, column, sums: list) -> list:
        place = self._offset(self.panel, column, 4 * PANEL)
        weights = [self._load(each, _WORDS) for each in self._vectors_at(place, 4)]
        after = []
        for row, inputs in enumerate(self.inputs):
            pair = self._spread(self._load(self._offset(inputs, column, 4), ir.IntType(32)), _WORDS)
            for index, weight in enumerate(weights):
                after.append(self._add_both(weight, pair, sums[row * _PER_PANEL + index]))
        return after

    def _add_both(self, weights, inputs, sums):
        if not _DOTS_OF_PAIRS:
            for half in (self._first, self._second):
                sums = self._multiply_add(half(weights), half(inputs), sums)
            return sums
        kind = ir.FunctionType(_VECTOR, [_VECTOR, _WORDS, _WORDS])
        dot = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.x86.avx512bf16.dpbf16ps.512")
        return self.builder.call(dot, [sums, weights, inputs])

    def _first(self, words):
        return self.builder.bitcast(self.builder.shl(words, ir.Constant(_WORDS, [16] * LANES)), _VECTOR)

    def _second(self, words):
        return self.builder.bitcast(self.builder.and_(words, ir.Constant(_WORDS, [_UPPER] * LANES)), _VECTOR)


def _round_to_pairs(typing_context, source, target):
    """Round LANES float32 at an address to LANES bf16 at another, to nearest, ties to even."""

    def generate(context, builder, signature, arguments):
        source, target = arguments
        bits = builder.load(builder.inttoptr(source, _WORDS.as_pointer()), align=4)
        number = builder.bitcast(bits, _VECTOR)
        sixteen = ir.Constant(_WORDS, [16] * LANES)
        odd = builder.and_(builder.lshr(bits, sixteen), ir.Constant(_WORDS, [1] * LANES))
        whole = builder.lshr(
            builder.add(builder.add(bits, odd), ir.Constant(_WORDS, [0x7FFF] * LANES)), sixteen
        )
        ordered = builder.fcmp_ordered("==", number, number)
        whole = builder.select(ordered, whole, ir.Constant(_WORDS, [0x7FC0] * LANES))  # else not-a-number
        place = builder.inttoptr(target, _HALVES.as_pointer())
        builder.store(builder.trunc(whole, _HALVES), place, align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


round_to_pairs: Any = intrinsic(_round_to_pairs)


def _add_atomically(typing_context, address, count):
    """Add to the int64 at an address that other threads see; returns the sum."""

    def generate(context, builder, signature, arguments):
        place = builder.inttoptr(arguments[0], _ADDRESS.as_pointer())
        return builder.add(builder.atomic_rmw("add", place, arguments[1], "seq_cst"), arguments[1])

    return types.int64(types.int64, types.int64), generate


def _give_way(typing_context):
    """Let another thread of the system have the processor."""

    def generate(context, builder, signature, arguments):
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        function_type = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), [])
        return context.get_dummy_value()

    return types.void(), generate


add_atomically: Any = intrinsic(_add_atomically)
give_way: Any = intrinsic(_give_way)


def _bits_to_double(typing_context, bits):
    """The float64 with these 64 bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


bits_to_double: Any = intrinsic(_bits_to_double)
