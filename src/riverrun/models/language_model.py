"""The language model: embedding, core, projection."""

import torch
from torch import Tensor, nn

from riverrun.config import ModelSettings
from riverrun.models.cores import Core, State, build_core


class LanguageModel(nn.Module):
    """Scores every next symbol given all before it.

    Dropout acts on the embedded input and on the core's output (Zaremba et al. 2014). With tied weights the
    projection reuses the embedding (Press & Wolf 2017), through a matrix where E and H differ.
    """

    def __init__(self, settings: ModelSettings, vocabulary: int) -> None:
        """Build from resolved settings for V = ``vocabulary`` symbols."""
        super().__init__()
        assert settings.embedding is not None
        assert settings.hidden is not None
        assert settings.dropout is not None
        self.embedding = nn.Embedding(vocabulary, settings.embedding)
        self.core = build_core(settings, settings.embedding)
        self.bottleneck = (
            nn.Linear(settings.hidden, settings.embedding, bias=False)
            if settings.tied and settings.hidden != settings.embedding
            else nn.Identity()
        )
        self.projection = nn.Linear(settings.embedding if settings.tied else settings.hidden, vocabulary)
        if settings.tied:
            nn.init.normal_(self.embedding.weight, std=settings.embedding**-0.5)
            self.projection.weight = self.embedding.weight
        self.dropout = nn.Dropout(settings.dropout)

    def initial_state(self, batch: int) -> State:
        core: Core = self.core  # pyright: ignore[reportAssignmentType]
        return core.initial_state(batch)

    def forward(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits [T, B, V] of the symbol after each of ids [T, B], and the state after the last."""
        outputs, state = self.core(self.dropout(self.embedding(ids)), state)
        return self.projection(self.bottleneck(self.dropout(outputs))), state

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Set the projection's bias to the log of symbol counts [V] (add-one), so that training need not
        spend its first steps on learning which symbols are common."""
        counts = counts.to(self.projection.bias.dtype) + 1
        self.projection.bias.copy_(torch.log(counts / counts.sum()))
