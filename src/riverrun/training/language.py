"""Training a language model: lanes of text in, truncated back-propagation through time."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from riverrun.config.building import to_toml
from riverrun.config.settings import Settings
from riverrun.data.ids import IdFile
from riverrun.data.lanes import Cursor, Lanes
from riverrun.models.cores import State, detach
from riverrun.models.language_model import LanguageModel
from riverrun.text import START, UNKNOWN, Tokenizer
from riverrun.training.previews import previews
from riverrun.training.softmax import Sampler, logits_in_pieces, training_loss
from riverrun.training.task import Preview, Step, Validation

_READ_AT_ONCE = 256  # symbols of a lane, in validation
WARM_UP = 128  # symbols a validation lane reads before it counts, so that its state is not cold


@dataclass(frozen=True)
class LanguageModelTask:
    """A language model with its training and held-out ids."""

    model: LanguageModel
    settings: Settings
    tokenizer: Tokenizer
    training: IdFile
    validation: IdFile
    lanes: Lanes
    device: torch.device
    sampler: Sampler | None = None  # of the training loss; None: over the whole vocabulary

    @property
    def tokens(self) -> tuple[int, int]:
        return self.training.length, self.validation.length

    @property
    def steps_per_epoch(self) -> int:
        return self.lanes.chunks_per_epoch

    @property
    def tokens_per_step(self) -> int:
        return self.lanes.batch * self.lanes.chunk

    def initial_carried(self) -> State:
        return self.model.initial_state(self.lanes.batch)

    def learn(self, cursor: Cursor, carried: State) -> Step:
        batch = self.lanes.read(cursor)
        if batch.opens_pass:
            carried = self.initial_carried()
        inputs, targets = self._tensor(batch.inputs), self._tensor(batch.targets).flatten()
        outputs, state = self._read(inputs, carried)
        with self._products():
            loss = training_loss(self.model, outputs, targets, self.sampler, cursor)
        loss.backward()
        return Step(float(loss.detach()), len(targets), detach(state), batch.after)

    def validate(self, limit: int) -> Validation:
        """Held-out loss over parallel lanes; all but the first lane read ``WARM_UP`` symbols beforehand."""
        length = min(limit, self.validation.length)
        lanes = max(1, min(32, length // (4 * WARM_UP)))
        lane = length // lanes
        starts = [index * lane for index in range(lanes)]
        state = self.model.initial_state(lanes)
        if lanes > 1:
            warm = np.full((WARM_UP, lanes), START, np.int64)
            warm[:, 1:] = np.stack([self._held_out(s - 1 - WARM_UP, WARM_UP) for s in starts[1:]], axis=1)
            _, state = self._read(self._tensor(warm), state)
            cold = self.model.initial_state(1)  # the first lane has no past
            state = tuple(
                torch.cat([c.to(s.dtype), s[:, 1:]], dim=1) for c, s in zip(cold, state, strict=True)
            )
        total, unknown = torch.zeros((), dtype=torch.float64, device=self.device), 0
        for offset in range(0, lane, _READ_AT_ONCE):
            count = min(_READ_AT_ONCE, lane - offset)
            window = np.stack([self._held_out(s + offset - 1, count + 1) for s in starts], axis=1)
            unknown += int((window[1:] == UNKNOWN).sum())
            targets = self._tensor(window[1:]).flatten()
            outputs, state = self._read(self._tensor(window[:-1]), state)
            with self._products():  # once, so that the weights are cast once
                for logits, wanted in logits_in_pieces(self.model, outputs, targets):
                    total += F.cross_entropy(logits, wanted, reduction="sum").double()
        nats = float(total) / (lane * lanes)
        figures = {}
        if (per_character := self.validation.symbols_per_character) is not None:
            figures["bits_per_character"] = nats * per_character / float(np.log(2))
        if unknown:  # what these symbols stand for is in no bit
            figures["unknown_share"] = unknown / (lane * lanes)
        return Validation(nats, figures)

    def previews(self, step: int) -> list[Preview]:
        return previews(self.model, self.settings, self.tokenizer, self.training, step)

    def files(self) -> dict[str, bytes]:
        return {
            "config.toml": to_toml(self.settings).encode(),
            "tokenizer.json": json.dumps(self.tokenizer.to_dict(), ensure_ascii=False).encode(),
        }

    def facts(self) -> dict[str, Any]:
        return {"kind": "language model", "unit": self.tokenizer.unit}

    def _read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs [T * B, H] of the core, and the state in fp32, whatever the precision of the products."""
        with self._products():
            outputs, state = self.model.read(ids, state)
        return outputs.flatten(0, 1), tuple(part.float() for part in state)

    def _products(self) -> AbstractContextManager[Any]:
        """The precision in which matrices are multiplied."""
        bf16 = self.settings.training.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16) if bf16 else nullcontext()

    def _held_out(self, start: int, count: int) -> np.ndarray:
        """Held-out ids; before the first stands the start symbol."""
        if start < 0:
            return np.concatenate([[START] * -start, self.validation.read(0, start + count)])
        return self.validation.read(start, start + count)

    def _tensor(self, ids: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)
