"""The convolutional core: reads a stretch of time at once, and streams as a recurrent one does."""

import torch
from torch import Tensor, nn

from riverrun.models.recurrent import CoreState


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

    def initial_state(self, batch: int) -> CoreState:
        weight = next(self.mixers.parameters())
        return tuple(
            weight.new_zeros((self.kernel - 1) * 2**layer, batch, self.hidden)
            for layer in range(len(self.convolutions))
        )

    def forward(self, inputs: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        outputs = self.entry(inputs)
        after: list[Tensor] = []
        for convolution, mixer, past in zip(self.convolutions, self.mixers, state, strict=True):
            seen = torch.cat([past.to(outputs.dtype), outputs])
            after.append(seen[-past.shape[0] :].to(past.dtype))
            content, gate = convolution(seen.permute(1, 2, 0)).permute(2, 0, 1).chunk(2, dim=-1)
            outputs = outputs + mixer(self.dropout(torch.tanh(content) * torch.sigmoid(gate)))
        return outputs, tuple(after)
