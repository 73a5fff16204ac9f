"""The language model: embedding, core, projection."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.resolved import LanguageShape
from riverrun.models.cores import CoreState, build_core, draw_as_keras
from riverrun.models.symbol_inputs import build_embedding
from riverrun.text.vocabulary import START


class LanguageModel(nn.Module):
    """Scores every next symbol given all before it.

    Dropout acts on the core's output and between its layers (Zaremba et al. 2014), but not on the embedded
    input: that cost 0.03 nats per character of tinyshakespeare. With tied weights the projection reuses the
    embedding (Press & Wolf 2017), through a matrix where E and H differ.
    State: the core's parts, then the latest ids [F - 1, B] as integers: what was shown before, where F > 1 symbols
    are shown side by side at each step.
    """

    def __init__(self, shape: LanguageShape, vocabulary: int) -> None:
        """Fresh weights for V = ``vocabulary`` symbols."""
        super().__init__()
        self.features = shape.features
        self.embedding = build_embedding(shape.input, vocabulary, shape.embedding)
        self.core = build_core(
            shape.core,
            shape.embedding * shape.features,
            shape.hidden,
            shape.layers,
            shape.dropout,
            kernel=shape.kernel,
            one_hot=shape.input == "one-hot",
        )
        self.bottleneck = (
            nn.Linear(shape.hidden, shape.embedding, bias=False)
            if shape.tied and shape.hidden != shape.embedding
            else nn.Identity()
        )
        self.projection = nn.Linear(shape.embedding if shape.tied else shape.hidden, vocabulary)
        if shape.tied and isinstance(self.embedding, nn.Embedding):
            nn.init.normal_(self.embedding.weight, std=shape.embedding**-0.5)
            self.projection.weight = self.embedding.weight
        if shape.initial_weights == "keras":
            draw_as_keras(self.core)
            if not shape.tied:
                draw_as_keras(self.projection)
        self.dropout = nn.Dropout(shape.dropout)

    def initial_state(self, batch: int) -> CoreState:
        """The state before the first symbol: the past is start symbols."""
        state = self.core.initial_state(batch)
        return (*state, state[0].new_full((self.features - 1, batch), START, dtype=torch.int64))

    def forward(self, ids: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        """Logits [T, B, V] of the symbol after each of ids [T, B], and the state after the last."""
        outputs, state = self.read(ids, state)
        return self.project(outputs), state

    def read(self, ids: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        """Outputs [T, B, H] of the core, and the state after the last, in fp32 whatever the products are in."""
        *parts, latest = state
        seen = torch.cat([latest, ids])
        inputs = self.embedding(seen.unfold(0, self.features, 1))  # [T, B, F, E]; at each step the latest F
        if inputs.is_floating_point():  # one-hot input stays ids
            inputs = inputs.flatten(2)
        outputs, reached = self.core(inputs, tuple(parts))
        return outputs, (*(part.float() for part in reached), seen[len(ids) :])

    def project(self, outputs: Tensor, symbols: Tensor | None = None) -> Tensor:
        """Logits [..., V] of outputs [..., H]; [..., C] where only ids [C] are asked for, each once."""
        outputs = self.bottleneck(self.dropout(outputs))
        if symbols is None:
            return self.projection(outputs)
        weight, bias = self.projection.weight, self.projection.bias
        return F.linear(outputs, weight.index_select(0, symbols), bias.index_select(0, symbols))

    def remember(self, ids: Tensor, state: CoreState) -> CoreState:
        """The state with ids [F - 1, B] as the latest symbols."""
        return (*state[:-1], ids)

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Set the projection's bias to the log of symbol counts [V] (add-one), so that training need not
        spend its first steps on learning which symbols are common."""
        counts = counts.to(self.projection.bias.dtype) + 1
        self.projection.bias.copy_(torch.log(counts / counts.sum()))
