"""The encoder: reads a whole source, in both directions if asked."""

import torch
from torch import Tensor, nn

from riverrun.config.settings import ModelSettings
from riverrun.models.cores import build_core
from riverrun.models.dropout import Dropout


class Encoder(nn.Module):
    """Embedding and stacked layers; each layer reads forwards and, if bidirectional, backwards.

    Padding lies at the end and the backward reader starts at each source's own end, so what is computed for a
    source does not depend on how far it is padded. (The same as packed sequences, with torch's faster kernels.)
    """

    def __init__(self, settings: ModelSettings, vocabulary: int) -> None:
        """Build from resolved settings for V = ``vocabulary`` source symbols."""
        super().__init__()
        assert settings.embedding is not None
        assert settings.hidden is not None
        assert settings.layers is not None
        assert settings.dropout is not None
        self.width = settings.hidden * (2 if settings.bidirectional else 1)
        self.embedding = nn.Embedding(vocabulary, settings.embedding)
        nn.init.normal_(self.embedding.weight, std=0.5)
        widths = [settings.embedding] + [self.width] * (settings.layers - 1)
        one_layer = settings.model_copy(update={"layers": 1, "dropout": 0.0})
        self.forwards = nn.ModuleList(build_core(one_layer, width) for width in widths)
        self.backwards = nn.ModuleList(
            build_core(one_layer, width) for width in widths if settings.bidirectional
        )
        self.dropout = Dropout(settings.dropout)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs [S, B, C] for ids [S, B] of sources of lengths [B], and [B, C], what the readers end with."""
        outputs = self.embedding(source)
        place = torch.arange(source.shape[0], device=source.device).unsqueeze(1)
        turned = torch.where(place < lengths, lengths - 1 - place, place).unsqueeze(-1)  # [S, B, 1]
        read: list[Tensor] = []
        for layer, forwards in enumerate(self.forwards):
            outputs = self.dropout(outputs)
            read = [forwards(outputs, forwards.initial_state(source.shape[1]))[0]]  # pyright: ignore
            if len(self.backwards):
                backwards = self.backwards[layer]
                seen = backwards(_turn(outputs, turned), backwards.initial_state(source.shape[1]))[0]  # pyright: ignore
                read.append(_turn(seen, turned))
            outputs = torch.cat(read, dim=-1)
        forward_end = read[0].gather(0, (lengths - 1).view(1, -1, 1).expand(1, -1, read[0].shape[-1]))[0]
        ends = [forward_end] if len(read) == 1 else [forward_end, read[1][0]]
        return self.dropout(outputs), torch.cat(ends, dim=-1)


def _turn(sequence: Tensor, turned: Tensor) -> Tensor:
    """Each sequence of [S, B, C] backwards within its length; padding stays where it is."""
    return sequence.gather(0, turned.expand(-1, -1, sequence.shape[-1]))
