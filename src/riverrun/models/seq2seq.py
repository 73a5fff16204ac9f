"""Sequence to sequence: an encoder and a decoder, or several such pairs that vote."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from riverrun.config.settings import ModelSettings
from riverrun.data.alignment import Aligner
from riverrun.models.cores import State
from riverrun.models.decoders import Decoder, Stepped, build_decoder
from riverrun.models.dropout import Dropout
from riverrun.models.encoder import Encoder

EDITS = ("substitution", "insertion", "deletion")


class EncoderDecoder(nn.Module):
    """One network: ``start`` reads the source, ``step`` writes; training and decoding use the same two."""

    def __init__(self, settings: ModelSettings, source: int, target: int, tagging: bool) -> None:
        super().__init__()
        self.encoder = Encoder(settings, source)
        self.decoder = build_decoder(settings, self.encoder.width, target, tagging)

    def start(self, source: Tensor, lengths: Tensor) -> State:
        """The decoder's state before its first symbol, for ids [S, B] of sources of lengths [B]."""
        memory, ends = self.encoder(source, lengths)
        return self._decoder.initial_state(memory, ends, lengths)

    def step(self, ids: Tensor, state: State) -> Stepped:
        """Read target ids [T, B]; logits of what follows each."""
        return self._decoder(ids, state)

    def draw_from(self, generator: torch.Generator) -> None:
        """Let dropout depend on a generator alone (but for that between the layers of a deep decoder)."""
        for module in self.modules():
            if isinstance(module, Dropout):
                module.generator = generator

    @property
    def _decoder(self) -> Decoder:
        return self.decoder  # pyright: ignore[reportReturnType]


class Seq2Seq(nn.Module):
    """M networks of the same shape, trained side by side, whose predictions are averaged (M is usually 1)."""

    def __init__(self, settings: ModelSettings, source: int, target: int, tagging: bool = False) -> None:
        """Build from resolved settings for ``source`` and ``target`` symbols, special ones included."""
        super().__init__()
        assert settings.members is not None
        self.members = nn.ModuleList(
            EncoderDecoder(settings, source, target, tagging) for _ in range(settings.members)
        )
        self.monotone = settings.attention == "monotone" and not tagging
        if self.monotone:  # what aligns a given target to its source; it belongs to the model
            for name, shape in zip(EDITS, ((source, target), (target,), (source,)), strict=True):
                self.register_buffer(name, torch.zeros(shape))

    @property
    def networks(self) -> list[EncoderDecoder]:
        return list(self.members)  # pyright: ignore[reportReturnType]

    def set_aligner(self, aligner: Aligner) -> None:
        """Keep the probabilities of the edits by which training pairs were aligned."""
        for name in EDITS:
            getattr(self, name).copy_(torch.from_numpy(getattr(aligner, name)))

    def aligner(self) -> Aligner | None:
        """The aligner of a transducer; None for other models."""
        if not self.monotone:
            return None
        return Aligner(*(getattr(self, name).double().cpu().numpy() for name in EDITS))

    def start_from_frequencies(self, counts: Tensor) -> None:
        """Set every projection's bias to the log of output counts [V]."""
        for network in self.networks:
            network._decoder.output.start_from_frequencies(counts)


def vote(
    networks: list[EncoderDecoder], ids: Tensor, states: tuple[State, ...]
) -> tuple[Tensor, tuple[State, ...], Tensor | None]:
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
