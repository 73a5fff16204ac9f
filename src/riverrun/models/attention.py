"""Soft attention: how much of each source position a decoder's output looks at.

Each kind computes ``keys`` [S, B, A] of a source's outputs [S, B, C] once a source; called once a step, it gives
contexts [T, B, C] and weights [T, B, S] for queries [T, B, H], where padding gets no weight.

Shapes: B batch, T target time, S source time, H width of queries, C width of the source's outputs.
"""

import torch
from torch import Tensor, nn


class DotAttention(nn.Module):
    """The product of a query and a projected source output (Luong et al. 2015, "general"), scaled."""

    def __init__(self, query: int, memory: int) -> None:
        super().__init__()
        self.projection = nn.Linear(memory, query, bias=False)
        self.scale = query**-0.5

    def keys(self, memory: Tensor) -> Tensor:
        return self.projection(memory)

    def forward(
        self, queries: Tensor, keys: Tensor, memory: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        scores = torch.einsum("tbh,sbh->tbs", queries, keys) * self.scale
        return _look(scores, memory, lengths)


class AdditiveAttention(nn.Module):
    """One hidden layer on the sum of a projected query and a projected source output (Bahdanau et al. 2015).

    ``tanh(x) = 2 sigmoid(2 x) - 1``; what the constant adds to a score it adds to every position's, which softmax
    does not see. torch's sigmoid takes a fifth of the time of its tanh, and here that is most of the time.
    """

    def __init__(self, query: int, memory: int) -> None:
        super().__init__()
        self.of_query = nn.Linear(query, query, bias=False)
        self.of_memory = nn.Linear(memory, query)
        self.score = nn.Linear(query, 1, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        return 2 * self.of_memory(memory)

    def forward(
        self, queries: Tensor, keys: Tensor, memory: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        hidden = (2 * self.of_query(queries).unsqueeze(1) + keys).sigmoid_()  # [T, S, B, A]
        return _look(2 * self.score(hidden).squeeze(-1).transpose(1, 2), memory, lengths)


SoftAttention = DotAttention | AdditiveAttention


def _look(scores: Tensor, memory: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax of scores [T, B, S] over the true positions of sources of lengths [1, B], and the contexts."""
    inside = torch.arange(scores.shape[-1], device=scores.device) < lengths[0].unsqueeze(-1)
    weights = torch.softmax(scores.float().masked_fill(~inside, -torch.inf), dim=-1)
    return torch.einsum("tbs,sbc->tbc", weights.to(memory.dtype), memory), weights
