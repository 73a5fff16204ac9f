"""Decoders of targets: each writes a target given a source, any number of symbols at a call (law 1).

Each makes its ``initial_state`` from a source's outputs [S, B, C], ends [B, C] and lengths [B].

A decoder's state is a tuple of tensors whose second dimension is B. It holds the encoded source too, so that
choosing hypotheses for a beam is choosing columns of every part.

Shapes: B batch, T target time, S source time, V output symbols, E embedding, H hidden, C width of the encoder.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.resolved import TranslatorShape
from riverrun.data.actions import Actions
from riverrun.models.attention import AdditiveAttention, DotAttention, SoftAttention
from riverrun.models.cores import CoreState, build_recurrent
from riverrun.models.dropout import Dropout
from riverrun.text import START


class Stepped(NamedTuple):
    """What a decoder makes of T symbols.

    Attributes:
        logits: [T, B, V] of the symbol after each.
        state: after the last.
        weights: [T, B, S], where in the source each looked; None without attention.
    """

    logits: Tensor
    state: CoreState
    weights: Tensor | None


class OutputLayer(nn.Module):
    """From what a decoder knows to logits, through one hidden layer of width E.

    With tied weights the projection reuses the decoder's embedding (Press & Wolf 2017).
    """

    def __init__(
        self, shape: TranslatorShape, known: int, vocabulary: int, tied: nn.Embedding | None
    ) -> None:
        super().__init__()
        width = shape.hidden if tied is None else shape.embedding
        self.hidden = nn.Linear(known, width)
        self.projection = nn.Linear(width, vocabulary)
        if tied is not None:
            nn.init.normal_(tied.weight, std=shape.embedding**-0.5)
            self.projection.weight = tied.weight
        self.dropout = Dropout(shape.dropout)

    def forward(self, known: Tensor) -> Tensor:
        return self.projection(self.dropout(torch.tanh(self.hidden(known))))

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Set the bias to the log of symbol counts [V] (add-one)."""
        counts = counts.to(self.projection.bias.dtype) + 1
        self.projection.bias.copy_(torch.log(counts / counts.sum()))


class SoftDecoder(nn.Module):
    """A recurrent decoder with soft attention, or with none (Sutskever et al. 2014).

    Attention does not feed back into the recurrence (as in Luong et al. 2015 without input feeding), so all
    steps of a known target are one pass of the core. With input feeding the core reads the last context too,
    and steps follow one another.
    State: lengths [1, B], outputs [S, B, C], keys [S, B, A], the core's parts, and the last context [1, B, C]
    under input feeding; without attention only the core's parts.
    """

    def __init__(self, shape: TranslatorShape, memory: int, vocabulary: int) -> None:
        super().__init__()
        hidden, embedding = shape.hidden, shape.embedding
        self.embedding = nn.Embedding(vocabulary, embedding)
        nn.init.normal_(self.embedding.weight, std=0.5)
        attends = shape.attention != "none"
        self.feeding = shape.input_feeding and attends
        width = embedding + (memory if self.feeding else 0)
        self.core = build_recurrent(shape.core, width, hidden, shape.decoder_layers, shape.dropout)
        self.attention: SoftAttention | None = None
        if attends:
            kind = DotAttention if shape.attention == "dot" else AdditiveAttention
            self.attention = kind(hidden, memory)
        self.parts = [part.shape for part in self.core.initial_state(1)]  # [L, 1, H] each
        self.bridge = nn.Linear(memory, sum(shape[0] * shape[2] for shape in self.parts))
        tied = self.embedding if shape.tied else None
        self.output = OutputLayer(shape, hidden + (memory if attends else 0), vocabulary, tied)
        self.dropout = Dropout(shape.dropout)

    def initial_state(self, memory: Tensor, ends: Tensor, lengths: Tensor) -> CoreState:
        bridged = torch.tanh(self.bridge(ends))
        sizes = [shape[0] * shape[2] for shape in self.parts]
        parts = tuple(
            part.view(len(ends), shape[0], shape[2]).transpose(0, 1).contiguous()
            for part, shape in zip(bridged.split(sizes, dim=1), self.parts, strict=True)
        )
        if self.attention is None:
            return parts
        fed = (torch.zeros_like(memory[:1]),) if self.feeding else ()
        return lengths.unsqueeze(0), memory, self.attention.keys(memory), *parts, *fed

    def forward(self, ids: Tensor, state: CoreState) -> Stepped:
        embedded = self.dropout(self.embedding(ids))
        if self.attention is None:
            outputs, parts = self.core(embedded, state)
            return Stepped(self.output(self.dropout(outputs)), parts, None)
        if self.feeding and len(ids) > 1:
            return self._one_by_one(ids, state)
        (lengths, memory, keys), parts = state[:3], state[3:]
        if self.feeding:
            *parts, context = parts
            embedded = torch.cat([embedded, context.to(embedded.dtype)], dim=-1)
        outputs, parts = self.core(embedded, tuple(parts))
        outputs = self.dropout(outputs)
        contexts, weights = self.attention(outputs, keys, memory, lengths)
        fed = (contexts,) if self.feeding else ()
        logits = self.output(torch.cat([outputs, contexts], dim=-1))
        return Stepped(logits, (lengths, memory, keys, *parts, *fed), weights)

    def _one_by_one(self, ids: Tensor, state: CoreState) -> Stepped:
        steps: list[Stepped] = []
        for symbols in ids.split(1):
            steps.append(self(symbols, state))
            state = steps[-1].state
        logits = torch.cat([step.logits for step in steps])
        return Stepped(logits, state, torch.cat([step.weights for step in steps if step.weights is not None]))


class MonotoneDecoder(nn.Module):
    """A transducer: it walks over the source from left to right, writing as it goes.

    Its symbols are actions (after Makarov & Clematide 2018; hard monotonic attention after Aharoni & Goldberg
    2017), in the code of :class:`riverrun.data.actions.Actions`; the boundary symbol ends. What it reads at each step
    is the encoder's output at its place, which follows from the actions alone, so all steps of known actions are one
    pass of the core.
    State: outputs [S, B, C], place [1, B], last place [1, B], the core's parts.
    """

    def __init__(self, shape: TranslatorShape, memory: int, vocabulary: int) -> None:
        super().__init__()
        self.actions = Actions(vocabulary)
        self.embedding = nn.Embedding(self.actions.size, shape.embedding)
        nn.init.normal_(self.embedding.weight, std=0.5)
        width = shape.embedding + memory
        self.core = build_recurrent(shape.core, width, shape.hidden, shape.decoder_layers, shape.dropout)
        tied = self.embedding if shape.tied else None
        self.output = OutputLayer(shape, shape.hidden + memory, self.actions.size, tied)
        self.dropout = Dropout(shape.dropout)

    def initial_state(self, memory: Tensor, ends: Tensor, lengths: Tensor) -> CoreState:
        last = lengths.unsqueeze(0) - 1
        return memory, torch.zeros_like(last), last, *self.core.initial_state(len(lengths))

    def forward(self, ids: Tensor, state: CoreState) -> Stepped:
        memory, place, last, *parts = state
        places = torch.minimum(place + self.actions.moves(ids).long().cumsum(0), last)
        seen = memory.gather(0, places.unsqueeze(-1).expand(-1, -1, memory.shape[-1]))
        embedded = self.dropout(self.embedding(ids))
        outputs, parts = self.core(torch.cat([embedded, seen.to(embedded.dtype)], dim=-1), tuple(parts))
        logits = self.output(torch.cat([self.dropout(outputs), seen], dim=-1))
        return Stepped(logits, (memory, places[-1:], last, *parts), F.one_hot(places, len(memory)).float())


class TaggingDecoder(nn.Module):
    """One output for each source symbol, each chosen from what the encoder says at its place.

    The boundary symbol comes after as many outputs as there are source symbols, and only there.
    State: outputs [S, B, C], place [1, B] of the next output, last place [1, B].
    """

    def __init__(self, shape: TranslatorShape, memory: int, vocabulary: int) -> None:
        super().__init__()
        self.output = OutputLayer(shape, memory, vocabulary, None)

    def initial_state(self, memory: Tensor, ends: Tensor, lengths: Tensor) -> CoreState:
        last = lengths.unsqueeze(0) - 1
        return memory, torch.zeros_like(last), last

    def forward(self, ids: Tensor, state: CoreState) -> Stepped:
        memory, place, last = state
        steps = torch.arange(len(ids), device=ids.device).unsqueeze(1)
        places = torch.minimum(place + steps, last)
        seen = memory.gather(0, places.unsqueeze(-1).expand(-1, -1, memory.shape[-1]))
        logits = self.output(seen)
        at_boundary = torch.arange(logits.shape[-1], device=ids.device) == START
        logits = logits.masked_fill(at_boundary != (places == last).unsqueeze(-1), -torch.inf)
        after = torch.minimum(place + len(ids), last)
        return Stepped(logits, (memory, after, last), F.one_hot(places, len(memory)).float())


TargetDecoder = SoftDecoder | MonotoneDecoder | TaggingDecoder


def build_target_decoder(
    shape: TranslatorShape, memory: int, vocabulary: int, tagging: bool
) -> TargetDecoder:
    """A decoder with fresh weights.

    Args:
        shape: of the networks.
        memory: width C of the encoder's outputs.
        vocabulary: target symbols, special ones included.
        tagging: one output for each input symbol.
    """
    if tagging:
        return TaggingDecoder(shape, memory, vocabulary)
    if shape.attention == "monotone":
        return MonotoneDecoder(shape, memory, vocabulary)
    return SoftDecoder(shape, memory, vocabulary)
