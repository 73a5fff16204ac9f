"""The language model: embedding, core, projection."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.settings import ModelSettings
from riverrun.models.cores import Core, State, build_core, draw_as_keras
from riverrun.models.inputs import build_embedding
from riverrun.text.vocabulary import START


class LanguageModel(nn.Module):
    """Scores every next symbol given all before it.

    Dropout acts on the core's output and between its layers (Zaremba et al. 2014), but not on the embedded
    input: that cost 0.03 nats per character of tinyshakespeare. With tied weights the projection reuses the
    embedding (Press & Wolf 2017), through a matrix where E and H differ.
    Where F > 1 symbols are shown side by side at each step, the state's last part holds the F - 1 latest.
    """

    def __init__(self, settings: ModelSettings, vocabulary: int) -> None:
        """Build from resolved settings for V = ``vocabulary`` symbols."""
        super().__init__()
        assert settings.embedding is not None
        assert settings.hidden is not None
        assert settings.dropout is not None
        self.features = settings.features
        self.embedding = build_embedding(settings, vocabulary)
        self.core = build_core(settings, settings.embedding * settings.features)
        self.bottleneck = (
            nn.Linear(settings.hidden, settings.embedding, bias=False)
            if settings.tied and settings.hidden != settings.embedding
            else nn.Identity()
        )
        self.projection = nn.Linear(settings.embedding if settings.tied else settings.hidden, vocabulary)
        if settings.tied:
            assert isinstance(self.embedding, nn.Embedding)
            nn.init.normal_(self.embedding.weight, std=settings.embedding**-0.5)
            self.projection.weight = self.embedding.weight
        if settings.initial_weights == "keras":
            draw_as_keras(self.core)
            if not settings.tied:
                draw_as_keras(self.projection)
        self.dropout = nn.Dropout(settings.dropout)

    def initial_state(self, batch: int) -> State:
        core: Core = self.core  # pyright: ignore[reportAssignmentType]
        state = core.initial_state(batch)
        if self.features == 1:
            return state
        return (*state, state[0].new_full((self.features - 1, batch), START))

    def forward(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits [T, B, V] of the symbol after each of ids [T, B], and the state after the last."""
        outputs, state = self.read(ids, state)
        return self.project(outputs), state

    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs [T, B, H] of the core, and the state after the last."""
        shown, core_state, past = self._side_by_side(ids, state)
        inputs = self.embedding(shown)
        if inputs.is_floating_point():  # one-hot input stays ids
            inputs = inputs.flatten(2)
        outputs, core_state = self.core(inputs, core_state)
        return outputs, (*core_state, *past)

    def project(self, outputs: Tensor, symbols: Tensor | None = None) -> Tensor:
        """Logits [..., V] of outputs [..., H]; [..., C] where only ids [C] are asked for, each once."""
        outputs = self.bottleneck(self.dropout(outputs))
        if symbols is None:
            return self.projection(outputs)
        weight, bias = self.projection.weight, self.projection.bias
        return F.linear(outputs, weight.index_select(0, symbols), bias.index_select(0, symbols))

    def remember(self, ids: Tensor, state: State) -> State:
        """The state with ids [F - 1, B] as the latest symbols."""
        return state if self.features == 1 else (*state[:-1], ids.to(state[-1].dtype))

    def _side_by_side(self, ids: Tensor, state: State) -> tuple[Tensor, State, State]:
        """Ids [T, B, F]: at each step the latest F; the core's state; the symbols to remember."""
        if self.features == 1:
            return ids[..., None], state, ()
        seen = torch.cat([state[-1].to(ids.dtype), ids])
        shown = seen.unfold(0, self.features, 1)
        return shown, state[:-1], (seen[len(ids) :].to(state[-1].dtype),)

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Set the projection's bias to the log of symbol counts [V] (add-one), so that training need not
        spend its first steps on learning which symbols are common."""
        counts = counts.to(self.projection.bias.dtype) + 1
        self.projection.bias.copy_(torch.log(counts / counts.sum()))
