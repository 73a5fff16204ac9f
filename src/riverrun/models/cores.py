"""Cores: maps ``(inputs [T, B, E], state) -> (outputs [T, B, H], state)`` for any T.

Running a sequence whole, in pieces or one step at a time gives the same outputs up to rounding (law 1).
State is a value: a tuple of tensors whose second dimension is B, passed in and returned, never kept. Each core has
``initial_state(batch)``, the state before the first symbol, all zeros.
"""

from typing import Literal

from torch import nn

from riverrun.models.conv_core import ConvCore
from riverrun.models.one_hot import OneHotCore
from riverrun.models.recurrent import CoreState, GruCore, LstmCore
from riverrun.models.symbol_inputs import IndexedLinear

__all__ = ["Core", "CoreState", "build_core", "build_recurrent", "detach", "draw_as_keras"]

Core = LstmCore | GruCore | ConvCore | OneHotCore


def build_core(
    kind: Literal["lstm", "gru", "conv"],
    inputs: int,
    hidden: int,
    layers: int,
    dropout: float,
    *,
    kernel: int,
    one_hot: bool,
) -> Core:
    """A core with fresh weights.

    Args:
        kind: of the core.
        inputs: width E of what it reads; under ``one_hot`` the symbols it can be shown.
        hidden: width H of its outputs.
        layers: depth L.
        dropout: share of what is passed between layers that is dropped.
        kernel: inputs that one layer of a convolution sees; the others have none.
        one_hot: it reads ids [T, B, F] instead of vectors.
    """
    if kind == "conv":
        entry = (IndexedLinear if one_hot else nn.Linear)(inputs, hidden)
        return ConvCore(entry, hidden, layers, dropout, kernel)
    core = build_recurrent(kind, inputs, hidden, layers, dropout)
    return OneHotCore(core.rnn, dropout) if one_hot else core


def build_recurrent(
    kind: Literal["lstm", "gru"], inputs: int, hidden: int, layers: int, dropout: float
) -> LstmCore | GruCore:
    """A recurrent core that reads vectors; arguments as for :func:`build_core`."""
    return (LstmCore if kind == "lstm" else GruCore)(inputs, hidden, layers, dropout)


def draw_as_keras(module: nn.Module) -> None:
    """Draw a module's matrices anew: recurrent ones orthogonal, the gates side by side in one matrix; all others
    uniform by their inputs and outputs (Glorot & Bengio 2010)."""
    for name, parameter in module.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(parameter)
        elif parameter.dim() >= 2:
            nn.init.xavier_uniform_(parameter)


def detach(state: CoreState) -> CoreState:
    """The same state, cut off from the graph that made it."""
    return tuple(part.detach() for part in state)
