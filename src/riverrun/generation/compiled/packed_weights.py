"""A model's weights in the order in which the compiled loop reads them, and the plan that tells it so."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riverrun.bundle import Weights
from riverrun.config.resolved import LanguageShape
from riverrun.generation.compiled import layout as at
from riverrun.generation.compiled.layout import CONV, GATES, GRU, LANES, LSTM, PANEL, rounded
from riverrun.generation.input_table import PROJECTION, TABLE, with_tables

Array = NDArray[np.float32]

_LARGEST_TABLE = 32 << 20  # bytes of first-layer products kept for all symbols; above, they are computed


class Packed(NamedTuple):
    """Weights for the compiled loop.

    Attributes:
        plan: int64, see ``layout``.
        values: float32, at a multiple of 64 bytes.
    """

    plan: NDArray[np.int64]
    values: Array


class Packer:
    """Collects arrays, each at a multiple of LANES elements, and writes the plan of where they are."""

    def __init__(self, layers: int, kind: int) -> None:
        self.plan = [-1] * (at.HEADER + layers * at.LAYER_FIELDS)
        self._kind = kind
        self._parts: list[Array] = []
        self._size = 0

    def layer(self, index: int, **fields: int) -> None:
        """Set fields of a layer."""
        for name, value in fields.items():
            self.plan[at.HEADER + index * at.LAYER_FIELDS + getattr(at, name)] = value

    def array(self, values: Array) -> int:
        """Add an array; returns its offset."""
        offset = self._size
        flat = padded(values.reshape(-1), rounded(values.size, LANES))
        self._parts.append(flat)
        self._size += flat.size
        return offset

    def matrix(self, matrix: Array) -> int:
        """Add a matrix [R, C] in panels; returns where in the plan its fields are."""
        rows, columns = rounded(matrix.shape[0], PANEL), rounded(matrix.shape[1], LANES)
        full, scales = padded(matrix, rows, columns), -1
        if self._kind == at.INT8:
            largest = np.abs(full).max(axis=1)
            scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
            full, scales = full / scale[:, None], self.array(scale / np.float32(1 << 24))
        # [panels, columns, vectors of a panel, lanes]
        panels = full.reshape(rows // PANEL, PANEL // LANES, LANES, columns).transpose(0, 3, 1, 2)
        fields = [self.array(stored(panels, self._kind)), columns, rows // PANEL, self._kind, scales]
        self.plan += fields
        return len(self.plan) - len(fields)

    def packed(self) -> Packed:
        """Everything, one after the other."""
        buffer = np.empty(self._size + LANES, np.float32)
        start = -buffer.ctypes.data % (4 * LANES) // 4
        values = buffer[start : start + self._size]
        np.concatenate(self._parts, out=values)
        return Packed(np.array(self.plan, np.int64), values)


def stored(panels: Array, kind: int) -> Array:
    """Weights [..., columns, vectors, LANES] as they are kept, as float32 elements.

    Two bf16 weights of neighbouring columns share a word, the first at its bottom; four int8 weights of
    neighbouring vectors likewise.
    """
    values = np.ascontiguousarray(panels)
    if kind == at.BFLOAT16:
        return in_pairs(values)
    return values if kind == at.FLOAT32 else in_fours(values)


def in_pairs(values: Array) -> Array:
    """Rounded to bf16, to nearest, ties to even."""
    bits = values.view(np.uint32)
    halves = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    *rest, columns, vectors, lanes = halves.shape
    pairs = halves.reshape(*rest, columns // 2, 2, vectors, lanes)
    return np.ascontiguousarray(np.moveaxis(pairs, -3, -1)).view(np.float32)[..., 0]


def in_fours(values: Array) -> Array:
    """Rounded to int8. The loop reads a weight with all that is below it in its word, as if these were further
    digits, so each is rounded so that it is nearest to its value together with them."""
    word = np.zeros((*values.shape[:-2], values.shape[-2] // 4, LANES), np.int64)
    for index in range(4):
        value, below = values[..., index::4, :], index * 8
        whole = np.clip(np.rint(value - word / (1 << below)), -128, 127).astype(np.int64) & 0xFF
        word |= whole << below
    return word.astype(np.uint32).view(np.float32)


def padded(values: Array, *shape: int) -> Array:
    """Values with zeros after them in every dimension."""
    result = np.zeros(shape, np.float32)
    result[tuple(slice(length) for length in values.shape)] = values
    return result


def by_blocks(rows: Array, gates: int) -> Array:
    """Rows [G * H, ...] in gate-major order as [G * WIDTH, ...], in blocks of LANES units."""
    hidden = len(rows) // gates
    width, rest = rounded(hidden, LANES), rows.shape[1:]
    split = padded(rows.reshape(gates, hidden, *rest), gates, width, *rest)
    return split.reshape(gates, width // LANES, LANES, *rest).swapaxes(0, 1).reshape(gates * width, *rest)


def pack_weights(weights: Weights, shape: LanguageShape, kind: int) -> Packed:
    """Pack a model's weights.

    Args:
        weights: arrays of ``model.safetensors``.
        shape: of the network; one symbol is shown at a step.
        kind: FLOAT32, BFLOAT16 or INT8, of all matrices; tables and biases are float32.
    """
    arrays = {name: np.asarray(array, np.float32) for name, array in with_tables(weights, shape).items()}
    core, layers = {"lstm": LSTM, "gru": GRU, "conv": CONV}[shape.core], shape.layers
    packer = Packer(layers + (core == CONV), kind)
    plan, width = packer.plan, rounded(shape.hidden, LANES)
    plan[at.CORE], plan[at.LAYERS], plan[at.WIDTH] = core, layers, width
    plan[at.UNIT] = GATES[core]
    plan[at.ROWS], plan[at.VOCABULARY] = rounded(GATES[core] * width, PANEL), len(arrays["projection.bias"])
    pack_layers = {LSTM: pack_lstm, GRU: pack_gru, CONV: pack_convolutions}[core]
    pack_layers(packer, arrays, shape)
    projection = arrays[PROJECTION]
    if "bottleneck.weight" in arrays:
        projection = projection @ arrays["bottleneck.weight"]
    plan[at.PROJECTION] = packer.matrix(projection)
    plan[at.PROJECTION_BIAS] = packer.array(
        padded(arrays["projection.bias"], rounded(len(projection), PANEL))
    )
    return packer.packed()


def pack_lstm(packer: Packer, arrays: dict[str, Array], shape: LanguageShape) -> None:
    for layer in range(shape.layers):
        from_input, from_hidden, bias, more_bias = rnn(arrays, layer)
        pack_input(packer, arrays, layer, by_blocks(from_input, 4), by_blocks(bias + more_bias, 4))
        packer.layer(layer, HIDDEN=packer.matrix(by_blocks(from_hidden, 4)), PAST=1)


def pack_gru(packer: Packer, arrays: dict[str, Array], shape: LanguageShape) -> None:
    """The content's recurrent bias stays apart, since the reset gate multiplies it."""
    rows = packer.plan[at.ROWS]
    for layer in range(shape.layers):
        from_input, from_hidden, bias, more_bias = rnn(arrays, layer)
        content = np.arange(len(bias)) >= 2 * shape.hidden
        pack_input(
            packer,
            arrays,
            layer,
            by_blocks(from_input, 3),
            by_blocks(bias + np.where(content, np.float32(0), more_bias), 3),
        )
        kept = by_blocks(np.where(content, more_bias, np.float32(0)), 3)
        packer.layer(
            layer,
            HIDDEN=packer.matrix(by_blocks(from_hidden, 3)),
            HIDDEN_BIAS=packer.array(padded(kept, rows)),
            PAST=1,
        )


def pack_input(packer: Packer, arrays: dict[str, Array], layer: int, matrix: Array, bias: Array) -> None:
    """The product with what is below a layer: its output, or for the first layer the symbol."""
    if layer == 0:
        pack_entry(packer, arrays.get(TABLE), matrix, bias, packer.plan[at.ROWS])
    else:
        rows = packer.plan[at.ROWS]
        packer.layer(layer, INPUT=packer.matrix(matrix), INPUT_BIAS=packer.array(padded(bias, rows)))


def pack_entry(packer: Packer, embedding: Array | None, matrix: Array, bias: Array, width: int) -> None:
    """A table of the products of all symbols where it is small, else embeddings and the matrix.

    Without embeddings, for one-hot input, the matrix is that table.
    """
    plan = packer.plan
    symbols = int(plan[at.VOCABULARY])
    if embedding is None:
        table = matrix.T + bias
    elif 4 * symbols * width <= _LARGEST_TABLE:
        table = embedding @ matrix.T + bias
    else:
        table, width = embedding, rounded(embedding.shape[1], LANES)
        plan[at.ENTRY] = packer.matrix(matrix)
        plan[at.ENTRY_BIAS] = packer.array(padded(bias, rounded(len(bias), PANEL)))
    plan[at.TABLE], plan[at.TABLE_WIDTH] = packer.array(padded(table, symbols, width)), width


def pack_convolutions(packer: Packer, arrays: dict[str, Array], shape: LanguageShape) -> None:
    plan, taps, layers = packer.plan, shape.kernel, shape.layers
    entry, bias = arrays["core.entry.weight"], arrays["core.entry.bias"]
    pack_entry(packer, arrays.get(TABLE), entry, bias, plan[at.WIDTH])
    plan[at.TAPS] = taps
    for layer in range(layers):
        kernel = by_blocks(arrays[f"core.convolutions.{layer}.weight"], 2)  # [2H, H, K]
        first, *_ = [packer.matrix(kernel[:, :, tap]) for tap in range(taps)]
        bias = padded(by_blocks(arrays[f"core.convolutions.{layer}.bias"], 2), plan[at.ROWS])
        mixer, mixer_bias = (arrays[f"core.mixers.{layer}.{name}"] for name in ("weight", "bias"))
        packer.layer(layer, HIDDEN=first, HIDDEN_BIAS=packer.array(bias), PAST=(taps - 1) * 2**layer)
        packer.layer(layer, MIXER=packer.matrix(mixer), MIXER_BIAS=packer.array(mixer_bias))
    packer.layer(layers, PAST=0)


def rnn(arrays: dict[str, Array], layer: int) -> list[Array]:
    """Input weights, recurrent weights and both biases of a layer, by torch's names."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [arrays[f"core.rnn.{name}_l{layer}"] for name in names]
