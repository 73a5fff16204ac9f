"""The encoder: reads a whole source, in both directions if asked."""

from typing import Any

import torch
from torch import Tensor, nn

from riverrun.config.resolved import TranslatorShape
from riverrun.models.cores import build_recurrent
from riverrun.models.dropout import Dropout


class Encoder(nn.Module):
    """Embedding and stacked layers; each layer reads forwards and, if bidirectional, backwards.

    Padding lies at the end and the backward reader starts at each source's own end, so what is computed for a
    source does not depend on how far it is padded. (The same as packed sequences, with torch's faster kernels.)
    """

    def __init__(self, shape: TranslatorShape, vocabulary: int) -> None:
        """Fresh weights for V = ``vocabulary`` source symbols."""
        super().__init__()
        self.width = shape.hidden * (2 if shape.bidirectional else 1)
        self.embedding = nn.Embedding(vocabulary, shape.embedding)
        nn.init.normal_(self.embedding.weight, std=0.5)
        widths = [shape.embedding] + [self.width] * (shape.layers - 1)
        readers = [
            nn.ModuleList(build_recurrent(shape.core, width, shape.hidden, 1, 0.0) for width in widths)
            for _ in range(2 if shape.bidirectional else 1)
        ]
        self.forwards = readers[0]
        self.backwards = readers[1] if shape.bidirectional else nn.ModuleList()
        self.dropout = Dropout(shape.dropout)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs [S, B, C] for ids [S, B] of sources of lengths [B], and [B, C], what the readers end with."""
        outputs = self.embedding(source)
        place = torch.arange(source.shape[0], device=source.device).unsqueeze(1)
        turned = torch.where(place < lengths, lengths - 1 - place, place).unsqueeze(-1)  # [S, B, 1]
        read: list[Tensor] = []
        for layer, forwards in enumerate(self.forwards):
            outputs = self.dropout(outputs)
            read = [_read(forwards, outputs)]
            if len(self.backwards):
                read.append(_turn(_read(self.backwards[layer], _turn(outputs, turned)), turned))
            outputs = torch.cat(read, dim=-1)
        forward_end = read[0].gather(0, (lengths - 1).view(1, -1, 1).expand(1, -1, read[0].shape[-1]))[0]
        ends = [forward_end] if len(read) == 1 else [forward_end, read[1][0]]
        return self.dropout(outputs), torch.cat(ends, dim=-1)


def _read(core: Any, inputs: Tensor) -> Tensor:
    """Outputs [S, B, H] of a core that begins afresh. (A list of modules does not say what they are.)"""
    outputs, _ = core(inputs, core.initial_state(inputs.shape[1]))
    return outputs


def _turn(sequence: Tensor, turned: Tensor) -> Tensor:
    """Each sequence of [S, B, C] backwards within its length; padding stays where it is."""
    return sequence.gather(0, turned.expand(-1, -1, sequence.shape[-1]))
