"""What a core is shown of a symbol: an embedding, its place in the vocabulary as a number, or one-hot.

One-hot vectors are never built: a one-hot vector times a matrix is a column of the matrix.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.ranges import Input
from riverrun.text.vocabulary import SPECIAL


def build_embedding(kind: Input, vocabulary: int, width: int) -> "nn.Embedding | ScaledIndex | nn.Identity":
    """From ids of any shape to what the core reads; one-hot input stays ids, see :class:`IndexedLinear`.

    Args:
        kind: what the core is shown.
        vocabulary: symbols V.
        width: E, of an embedding.
    """
    match kind:
        case "embedding":
            return nn.Embedding(vocabulary, width)
        case "scaled-index":
            return ScaledIndex(vocabulary)
        case "one-hot":
            return nn.Identity()


class ScaledIndex(nn.Module):
    """A symbol as one number: its place among the symbols, from 0 to just below 1."""

    places: Tensor

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        places = (torch.arange(vocabulary) - SPECIAL) / max(1, vocabulary - SPECIAL)
        self.register_buffer("places", places[:, None], persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Numbers [..., 1] of ids [...]."""
        return F.embedding(ids, self.places)


class IndexedLinear(nn.Module):
    """A linear map of one-hot vectors, given as ids; its weight is that of the ordinary linear map."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Outputs [..., O] of ids [..., F]: F symbols side by side."""
        return indexed_product(self.weight, ids) + self.bias


def indexed_product(weight: Tensor, ids: Tensor) -> Tensor:
    """``weight [O, F*V]`` times the one-hot vectors of ids [..., F] set end to end: [..., O]."""
    features = ids.shape[-1]
    offsets = torch.arange(features, device=ids.device) * (weight.shape[1] // features)
    return F.embedding(ids + offsets, weight.t()).sum(dim=-2)
