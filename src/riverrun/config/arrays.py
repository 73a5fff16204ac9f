"""Which arrays a model has: every name and shape follows from its settings and the number of its symbols.

All are float32. Models are built, files of weights checked, decoders laid out and models exported by these.
Legend: V symbols, E embedding, H hidden, F symbols shown at a step, K taps of a convolution, C width of an encoder.
"""

import math
from dataclasses import dataclass, field

from riverrun.config.resolved import LanguageShape, TranslatorShape

Shapes = dict[str, tuple[int, ...]]

_EDITS = ("substitution", "insertion", "deletion")  # what version 0.1.0 aligned a transducer's pairs by

_GATES = {"lstm": 4, "gru": 3}
_LONGEST_PAST = 1 << 26  # numbers that a convolution's state holds at most


@dataclass(frozen=True)
class Arrays:
    """The arrays of a model.

    Attributes:
        shapes: by name, what a file of weights holds.
        tied: further names of arrays that are there already; version 0.1.0 stored these twice.
        former: what version 0.1.0 stored too and nothing needs.
    """

    shapes: Shapes
    tied: dict[str, str]
    former: Shapes = field(default_factory=dict)

    @property
    def numbers(self) -> int:
        """How many numbers they hold: the trained weights, tied ones once."""
        return sum(map(math.prod, self.shapes.values()))


def language_arrays(shape: LanguageShape, vocabulary: int) -> Arrays:
    """Of a language model with ``vocabulary`` symbols, special ones included.

    Raises:
        ValueError: the settings ask for what no model has: one-hot inputs of another width than V, tied weights
            without an embedding, or convolutions that look back further than memory reaches.
    """
    if shape.core == "conv" and (shape.kernel - 1) * (2**shape.layers - 1) * shape.hidden > _LONGEST_PAST:
        raise ValueError(f"{shape.layers} convolutions of kernel {shape.kernel} look back too far")
    width = {"embedding": shape.embedding, "one-hot": vocabulary, "scaled-index": 1}[shape.input]
    if shape.embedding != width:
        raise ValueError(f"{shape.input} inputs are {width} wide, not {shape.embedding}")
    shapes: Shapes = {}
    if shape.input == "embedding":
        shapes["embedding.weight"] = (vocabulary, shape.embedding)
    elif shape.tied:
        raise ValueError("tied weights need an embedding")
    if shape.core == "conv":
        shapes |= _convolutions(shape, width * shape.features)
    else:
        shapes |= _recurrent("core.", shape.core, width * shape.features, shape.hidden, shape.layers)
    if shape.tied and shape.hidden != shape.embedding:
        shapes["bottleneck.weight"] = (shape.embedding, shape.hidden)
    if not shape.tied:
        shapes["projection.weight"] = (vocabulary, shape.hidden)
    shapes["projection.bias"] = (vocabulary,)
    return Arrays(shapes, {"projection.weight": "embedding.weight"} if shape.tied else {})


def translator_arrays(shape: TranslatorShape, source: int, target: int, tagging: bool) -> Arrays:
    """Of a translator, or with ``tagging`` of a tagger, of ``source`` and ``target`` symbols."""
    shapes: Shapes = {}
    tied: dict[str, str] = {}
    for member in range(shape.members):
        name = f"members.{member}."
        shapes |= _encoder(f"{name}encoder.", shape, source)
        shapes |= _decoder(f"{name}decoder.", shape, target, tagging)
        if shape.tied and not tagging:
            tied[f"{name}decoder.output.projection.weight"] = f"{name}decoder.embedding.weight"
    edits = ((source, target), (target,), (source,))
    monotone = shape.attention == "monotone" and not tagging
    return Arrays(shapes, tied, dict(zip(_EDITS, edits, strict=True)) if monotone else {})


def _convolutions(shape: LanguageShape, inputs: int) -> Shapes:
    width = shape.hidden
    shapes: Shapes = {"core.entry.weight": (width, inputs), "core.entry.bias": (width,)}
    for layer in range(shape.layers):
        shapes[f"core.convolutions.{layer}.weight"] = (2 * width, width, shape.kernel)
        shapes[f"core.convolutions.{layer}.bias"] = (2 * width,)
        shapes[f"core.mixers.{layer}.weight"] = (width, width)
        shapes[f"core.mixers.{layer}.bias"] = (width,)
    return shapes


def _recurrent(prefix: str, core: str, inputs: int, hidden: int, layers: int) -> Shapes:
    shapes: Shapes = {}
    rows = _GATES[core] * hidden
    for layer in range(layers):
        shapes[f"{prefix}rnn.weight_ih_l{layer}"] = (rows, hidden if layer else inputs)
        shapes[f"{prefix}rnn.weight_hh_l{layer}"] = (rows, hidden)
        shapes[f"{prefix}rnn.bias_ih_l{layer}"] = (rows,)
        shapes[f"{prefix}rnn.bias_hh_l{layer}"] = (rows,)
    return shapes


def _width(shape: TranslatorShape) -> int:
    """C, what the encoder says of each source symbol."""
    return shape.hidden * (2 if shape.bidirectional else 1)


def _encoder(prefix: str, shape: TranslatorShape, source: int) -> Shapes:
    shapes: Shapes = {f"{prefix}embedding.weight": (source, shape.embedding)}
    for layer in range(shape.layers):
        inputs = _width(shape) if layer else shape.embedding
        for way in ("forwards", "backwards")[: 1 + shape.bidirectional]:
            shapes |= _recurrent(f"{prefix}{way}.{layer}.", shape.core, inputs, shape.hidden, 1)
    return shapes


def _decoder(prefix: str, shape: TranslatorShape, target: int, tagging: bool) -> Shapes:
    memory, hidden, embedding = _width(shape), shape.hidden, shape.embedding
    if tagging:
        return _output(f"{prefix}output.", memory, hidden, target, tied=False)
    monotone, attends = shape.attention == "monotone", shape.attention != "none"
    outputs = 2 * target + 1 if monotone else target
    fed = memory if monotone or (shape.input_feeding and attends) else 0
    shapes: Shapes = {f"{prefix}embedding.weight": (outputs, embedding)}
    shapes |= _recurrent(f"{prefix}core.", shape.core, embedding + fed, hidden, shape.decoder_layers)
    match shape.attention:
        case "dot":
            shapes[f"{prefix}attention.projection.weight"] = (hidden, memory)
        case "additive":
            shapes[f"{prefix}attention.of_query.weight"] = (hidden, hidden)
            shapes[f"{prefix}attention.of_memory.weight"] = (hidden, memory)
            shapes[f"{prefix}attention.of_memory.bias"] = (hidden,)
            shapes[f"{prefix}attention.score.weight"] = (1, hidden)
        case "none" | "monotone":
            pass
    if not monotone:
        bridged = shape.decoder_layers * hidden * (2 if shape.core == "lstm" else 1)
        shapes |= {f"{prefix}bridge.weight": (bridged, memory), f"{prefix}bridge.bias": (bridged,)}
    known, width = hidden + (memory if attends else 0), embedding if shape.tied else hidden
    return shapes | _output(f"{prefix}output.", known, width, outputs, shape.tied)


def _output(prefix: str, known: int, width: int, outputs: int, tied: bool) -> Shapes:
    shapes: Shapes = {f"{prefix}hidden.weight": (width, known), f"{prefix}hidden.bias": (width,)}
    if not tied:
        shapes[f"{prefix}projection.weight"] = (outputs, width)
    return shapes | {f"{prefix}projection.bias": (outputs,)}
