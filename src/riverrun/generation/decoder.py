"""Which decoder runs a model: the compiled one, or the plain one where nothing can be compiled, and for models that
read several symbols side by side."""

import warnings
from typing import TYPE_CHECKING, Literal, TypeAlias

from riverrun.bundle import Weights
from riverrun.config.resolved import LanguageShape
from riverrun.generation.compiled.calling import CompiledDecoder
from riverrun.generation.plain import PlainDecoder
from riverrun.text.permitted import Permitted

if TYPE_CHECKING:
    from riverrun.generation.remembering import RememberingDecoder

NetworkDecoder = PlainDecoder | CompiledDecoder
"""Runs a trained network over symbols; both do the same (law 3)."""

Decoder: TypeAlias = "NetworkDecoder | RememberingDecoder"
"""The same of a model, which may have a memory beside its network."""

Precision = Literal["fp32", "bf16", "int8"]
"""How matrices are kept: bf16 and int8 halve and quarter what a wide model reads for every symbol."""


def build_decoder(
    weights: Weights,
    shape: LanguageShape,
    precision: Precision = "fp32",
    permitted: Permitted | None = None,
    compiling: bool = True,
) -> NetworkDecoder:
    """The decoder for a model's weights.

    Args:
        weights: arrays of ``model.safetensors``.
        shape: of the network.
        precision: of the matrices; the plain decoder uses fp32 always, and says so.
        permitted: which symbols may be written where; None: all text symbols everywhere.
        compiling: False takes the compiled one only if its machine code is at hand. Models that are shown
            several symbols at a step have none.
    """
    reason = None
    if shape.features == 1:
        reason = _without_machine_code(compiling)
        if reason is None:
            return CompiledDecoder(weights, shape, precision, permitted)
    if reason:
        warnings.warn(f"no compiled decoder on this machine ({reason}); using the slow one", stacklevel=2)
    if precision != "fp32":
        warnings.warn(f"the slow decoder uses fp32, not {precision}", stacklevel=2)
    return PlainDecoder(weights, shape, permitted)


def _without_machine_code(compiling: bool) -> str | None:
    """Why there is no compiled code, empty if it is only not at hand; None where there is.

    Nothing but the compilation is tried: a fault in our own code is not a reason to be slow.
    """
    try:
        import llvmlite.binding  # noqa: F401
    except (ImportError, OSError) as error:  # it is missing, or its library does not load
        return str(error)
    from riverrun.generation.compiled.machine_code import CompilationError, entry_point, is_at_hand

    if not compiling and not is_at_hand():
        return ""
    try:
        entry_point()
    except CompilationError as error:
        return str(error)
    return None
