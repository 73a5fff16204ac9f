"""Recurrent cores by torch's fused kernels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CoreState = tuple[Tensor, ...]
"""State of a core: parts whose second dimension is B."""


class LstmCore(nn.Module):
    """Stacked LSTM (Hochreiter & Schmidhuber 1997).

    State: hidden [L, B, H] and cell [L, B, H]. The forget gate's bias starts at 1 (Jozefowicz et al. 2015),
    recurrent matrices orthogonal (Saxe et al. 2014). Dropout acts between layers (Zaremba et al. 2014).
    """

    def __init__(self, inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        initialise_recurrent(self.rnn)
        for layer in range(layers):
            getattr(self.rnn, f"bias_ih_l{layer}").data[hidden : 2 * hidden] = 1.0

    def initial_state(self, batch: int) -> CoreState:
        zeros = self.rnn.all_weights[0][0].new_zeros(self.rnn.num_layers, batch, self.rnn.hidden_size)
        return zeros, zeros

    def forward(self, inputs: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        hidden, cell = state
        if len(inputs) == 1:
            return self._step(inputs[0], hidden, cell)
        return self.rnn(inputs, (hidden, cell))

    def _step(self, inputs: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, CoreState]:
        """One time step [B, E]: what the fused kernels do to prepare for many takes longer than the step."""
        after: list[tuple[Tensor, Tensor]] = []
        for layer, weights in enumerate(self.rnn.all_weights):
            if layer:
                inputs = F.dropout(inputs, self.rnn.dropout, self.training)
            after.append(torch.lstm_cell(inputs, (hidden[layer], cell[layer]), *weights))
            inputs = after[-1][0]
        return inputs[None], tuple(torch.stack(parts) for parts in zip(*after, strict=True))


class GruCore(nn.Module):
    """Stacked GRU (Cho et al. 2014). State: hidden [L, B, H]."""

    def __init__(self, inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.GRU(inputs, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        initialise_recurrent(self.rnn)

    def initial_state(self, batch: int) -> CoreState:
        return (self.rnn.all_weights[0][0].new_zeros(self.rnn.num_layers, batch, self.rnn.hidden_size),)

    def forward(self, inputs: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        outputs, hidden = self.rnn(inputs, state[0])
        return outputs, (hidden,)


def initialise_recurrent(rnn: nn.RNNBase) -> None:
    """Orthogonal recurrent matrices gate by gate, zero biases; input matrices stay as torch draws them."""
    for name, parameter in rnn.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        elif name.startswith("weight_hh"):
            for gate in parameter.data.split(rnn.hidden_size):
                nn.init.orthogonal_(gate)
