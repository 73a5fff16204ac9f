"""Dropout that draws from a generator of its own network."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014): in training, zeros a share of the values and scales up the others.

    What is dropped depends on ``generator`` alone, so that networks trained in parallel threads stay repeatable;
    without one it depends on torch's global state.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - self.share, generator=self.generator)
        return values * kept.div_(1 - self.share)
