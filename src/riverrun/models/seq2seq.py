"""Sequence to sequence: an encoder and a decoder, or several such pairs that vote."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.resolved import TranslatorShape
from riverrun.models.cores import CoreState
from riverrun.models.dropout import Dropout
from riverrun.models.encoder import Encoder
from riverrun.models.target_decoders import Stepped, build_target_decoder


class EncoderDecoder(nn.Module):
    """One network: ``start`` reads the source, ``step`` writes; training and decoding use the same two."""

    def __init__(self, shape: TranslatorShape, source: int, target: int, tagging: bool) -> None:
        super().__init__()
        self.encoder = Encoder(shape, source)
        self.decoder = build_target_decoder(shape, self.encoder.width, target, tagging)

    def start(self, source: Tensor, lengths: Tensor) -> CoreState:
        """The decoder's state before its first symbol, for ids [S, B] of sources of lengths [B]."""
        memory, ends = self.encoder(source, lengths)
        return self.decoder.initial_state(memory, ends, lengths)

    def step(self, ids: Tensor, state: CoreState) -> Stepped:
        """Read target ids [T, B]; logits of what follows each."""
        return self.decoder(ids, state)

    def draw_from(self, generator: torch.Generator) -> None:
        """Let dropout depend on a generator alone (but for that between the layers of a deep decoder)."""
        for module in self.modules():
            if isinstance(module, Dropout):
                module.generator = generator


class Seq2Seq(nn.Module):
    """M networks of the same shape, trained side by side, whose predictions are averaged (M is usually 1)."""

    def __init__(self, shape: TranslatorShape, source: int, target: int, tagging: bool = False) -> None:
        """Fresh weights for ``source`` and ``target`` symbols, special ones included."""
        super().__init__()
        self.members = nn.ModuleList(
            EncoderDecoder(shape, source, target, tagging) for _ in range(shape.members)
        )

    @property
    def networks(self) -> list[EncoderDecoder]:
        return cast(list[EncoderDecoder], list(self.members))

    def start_from_frequencies(self, counts: Tensor) -> None:
        """Set every projection's bias to the log of output counts [V]."""
        for network in self.networks:
            network.decoder.output.start_from_frequencies(counts)


def vote(
    networks: list[EncoderDecoder], ids: Tensor, states: tuple[CoreState, ...]
) -> tuple[Tensor, tuple[CoreState, ...], Tensor | None]:
    """One step of several networks together.

    Args:
        networks: [M], with the same output symbols.
        ids: [T, B].
        states: [M].

    Returns:
        Log-probabilities [T, B, V] (the normalised geometric mean), states [M], and the mean of the attention
        weights [T, B, S] (None without attention).
    """
    steps = [network.step(ids, state) for network, state in zip(networks, states, strict=True)]
    each = [F.log_softmax(step.logits.float(), dim=-1) for step in steps]
    mean = each[0] if len(each) == 1 else F.log_softmax(torch.stack(each).mean(dim=0), dim=-1)
    weights = [step.weights for step in steps if step.weights is not None]
    return mean, tuple(step.state for step in steps), torch.stack(weights).mean(dim=0) if weights else None
