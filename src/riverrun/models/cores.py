"""Recurrent cores: maps ``(inputs [T, B, E], state) -> (outputs [T, B, H], state)`` for any T.

Running a sequence whole, in pieces or one step at a time gives the same outputs up to rounding (law 1).
State is a value: a tuple of tensors whose second dimension is B, passed in and returned, never kept.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.settings import ModelSettings
from riverrun.models.inputs import IndexedLinear
from riverrun.models.one_hot import OneHotCore

State = tuple[Tensor, ...]


class Core(Protocol):
    """What a language model or an encoder needs of a core."""

    def __call__(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs [T, B, H] and the state after the last step."""
        ...

    def initial_state(self, batch: int) -> State:
        """The state before the first symbol, all zeros."""
        ...

    def parameters(self, recurse: bool = True): ...


def build_core(settings: ModelSettings, inputs: int) -> nn.Module:
    """The core of resolved settings, for inputs of width E = ``inputs``."""
    assert settings.hidden is not None
    assert settings.layers is not None
    assert settings.dropout is not None
    width, depth, dropout = settings.hidden, settings.layers, settings.dropout
    one_hot = settings.input == "one-hot"
    match settings.core:
        case "lstm":
            lstm = LstmCore(inputs, width, depth, dropout)
            return OneHotCore(lstm.rnn, dropout) if one_hot else lstm
        case "gru":
            gru = GruCore(inputs, width, depth, dropout)
            return OneHotCore(gru.rnn, dropout) if one_hot else gru
        case "conv":
            entry = (IndexedLinear if one_hot else nn.Linear)(inputs, width)
            return ConvCore(entry, width, depth, dropout, settings.kernel)


class LstmCore(nn.Module):
    """Stacked LSTM (Hochreiter & Schmidhuber 1997), by torch's fused kernels.

    State: hidden [L, B, H] and cell [L, B, H]. The forget gate's bias starts at 1 (Jozefowicz et al. 2015),
    recurrent matrices orthogonal (Saxe et al. 2014). Dropout acts between layers (Zaremba et al. 2014).
    """

    def __init__(self, inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        initialise_recurrent(self.rnn)
        for layer in range(layers):
            getattr(self.rnn, f"bias_ih_l{layer}").data[hidden : 2 * hidden] = 1.0

    def initial_state(self, batch: int) -> State:
        zeros = self.rnn.all_weights[0][0].new_zeros(self.rnn.num_layers, batch, self.rnn.hidden_size)
        return zeros, zeros

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, cell = state
        if len(inputs) == 1:
            return self._step(inputs[0], hidden, cell)
        return self.rnn(inputs, (hidden, cell))

    def _step(self, inputs: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, State]:
        """One time step [B, E]: what the fused kernels do to prepare for many takes longer than the step."""
        after: list[tuple[Tensor, Tensor]] = []
        for layer, weights in enumerate(self.rnn.all_weights):
            if layer:
                inputs = F.dropout(inputs, self.rnn.dropout, self.training)
            after.append(torch.lstm_cell(inputs, (hidden[layer], cell[layer]), *weights))
            inputs = after[-1][0]
        return inputs[None], tuple(torch.stack(parts) for parts in zip(*after, strict=True))


class GruCore(nn.Module):
    """Stacked GRU (Cho et al. 2014), by torch's fused kernels. State: hidden [L, B, H]."""

    def __init__(self, inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.GRU(inputs, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        initialise_recurrent(self.rnn)

    def initial_state(self, batch: int) -> State:
        return (self.rnn.all_weights[0][0].new_zeros(self.rnn.num_layers, batch, self.rnn.hidden_size),)

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        outputs, hidden = self.rnn(inputs, state[0])
        return outputs, (hidden,)


class ConvCore(nn.Module):
    """Dilated causal convolution with gates and residuals (van den Oord et al. 2016, WaveNet).

    Layer l sees ``kernel`` inputs that lie 2**l steps apart. State: for each layer its last
    (kernel - 1) * 2**l inputs, [that many, B, H]: what a longer input would have shown it.
    """

    def __init__(self, entry: nn.Module, hidden: int, layers: int, dropout: float, kernel: int) -> None:
        """``entry`` maps inputs [T, B, E] to [T, B, H]."""
        super().__init__()
        self.entry = entry
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden, 2 * hidden, kernel, dilation=2**layer) for layer in range(layers)
        )
        self.mixers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.hidden = hidden
        self.kernel = kernel

    def initial_state(self, batch: int) -> State:
        weight = self.convolutions[0].weight
        assert isinstance(weight, Tensor)
        return tuple(
            weight.new_zeros((self.kernel - 1) * 2**layer, batch, self.hidden)
            for layer in range(len(self.convolutions))
        )

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        outputs = self.entry(inputs)
        after: list[Tensor] = []
        for convolution, mixer, past in zip(self.convolutions, self.mixers, state, strict=True):
            seen = torch.cat([past.to(outputs.dtype), outputs])
            after.append(seen[-past.shape[0] :].to(past.dtype))
            content, gate = convolution(seen.permute(1, 2, 0)).permute(2, 0, 1).chunk(2, dim=-1)
            outputs = outputs + mixer(self.dropout(torch.tanh(content) * torch.sigmoid(gate)))
        return outputs, tuple(after)


def initialise_recurrent(rnn: nn.RNNBase) -> None:
    """Orthogonal recurrent matrices gate by gate, zero biases; input matrices stay as torch draws them."""
    for name, parameter in rnn.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        elif name.startswith("weight_hh"):
            for gate in parameter.data.split(rnn.hidden_size):
                nn.init.orthogonal_(gate)


def draw_as_keras(module: nn.Module) -> None:
    """Draw a module's matrices anew: recurrent ones orthogonal, the gates side by side in one matrix; all others
    uniform by their inputs and outputs (Glorot & Bengio 2010)."""
    for name, parameter in module.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(parameter)
        elif parameter.dim() >= 2:
            nn.init.xavier_uniform_(parameter)


def detach(state: State) -> State:
    """The same state, cut off from the graph that made it."""
    return tuple(part.detach() for part in state)
