"""Training a language model on windows of text: from a fresh state, or a state carried from one to the next."""

import json
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from riverrun.config.building import to_toml
from riverrun.config.settings import Settings
from riverrun.data.ids import IdFile
from riverrun.data.lanes import Cursor
from riverrun.data.windows import MASKED, WindowBatch, Windows
from riverrun.models.cores import State, detach
from riverrun.models.language_model import LanguageModel
from riverrun.text import Tokenizer
from riverrun.training.previews import previews
from riverrun.training.softmax import Sampler, logits_in_pieces, training_loss
from riverrun.training.task import Preview, Step, Validation

VALIDATION_BATCH = 256


@dataclass(frozen=True)
class WindowedTask:
    """A language model with the windows of its training and held-out text."""

    model: LanguageModel
    settings: Settings
    tokenizer: Tokenizer
    training: Windows
    validation: Windows
    device: torch.device
    sampler: Sampler | None = None  # of the training loss; None: over the whole vocabulary

    @property
    def tokens(self) -> tuple[int, int]:
        return self.training.ids.length, self.validation.ids.length

    @property
    def steps_per_epoch(self) -> int:
        return self.training.batches_per_epoch

    @property
    def tokens_per_step(self) -> int:
        return self.training.batch * self.training.window

    def initial_carried(self) -> State:
        return self.model.initial_state(self.training.batch) if self.training.carried else ()

    def learn(self, cursor: Cursor, carried: State) -> Step:
        batch = self.training.read(cursor)
        outputs, targets, state = self._read(batch, carried)
        with self._products():
            loss = training_loss(self.model, outputs, targets, self.sampler, cursor)
        loss.backward()
        after = detach(state) if self.training.carried else ()
        return Step(float(loss.detach()), len(targets), after, batch.after)

    def validate(self, limit: int) -> Validation:
        """Loss and accuracy of the held-out predictions, over batches spread evenly through the text."""
        windows = self.validation
        affordable = max(1, limit // (windows.batch * windows.window))
        apart = 1 if windows.carried else math.ceil(windows.batches_per_epoch / affordable)
        nats, correct, predicted, state = 0.0, 0, 0, ()
        for chunk in range(0, windows.batches_per_epoch, apart):
            outputs, targets, state = self._read(windows.read(Cursor(0, chunk)), state)
            with self._products():
                for logits, wanted in logits_in_pieces(self.model, outputs, targets):
                    nats += float(F.cross_entropy(logits, wanted, reduction="sum"))
                    correct += int((logits.argmax(dim=-1) == wanted).sum())
            predicted += len(targets)
        nats /= predicted
        figures = {"accuracy": correct / predicted}
        if (per_character := windows.ids.symbols_per_character) is not None:
            figures = {"bits_per_character": nats * per_character / math.log(2), **figures}
        return Validation(nats, figures)

    def previews(self, step: int) -> list[Preview]:
        return previews(self.model, self.settings, self.tokenizer, self.training.ids, step)

    def files(self) -> dict[str, bytes]:
        return {
            "config.toml": to_toml(self.settings).encode(),
            "tokenizer.json": json.dumps(self.tokenizer.to_dict(), ensure_ascii=False).encode(),
        }

    def facts(self) -> dict[str, Any]:
        return {"kind": "language model", "unit": self.tokenizer.unit}

    def _read(self, batch: WindowBatch, state: State) -> tuple[Tensor, Tensor, State]:
        """Outputs [P, H] before the P predicted symbols, these symbols [P], and the state at the end."""
        inputs, targets = self._tensor(batch.inputs), self._tensor(batch.targets)
        if batch.fresh:
            state = self.model.initial_state(inputs.shape[1])
        context = self.training.context
        state = self.model.remember(inputs[:context], state)
        with self._products():
            outputs, state = self.model.read(inputs[context:], state)
        if len(targets) < len(outputs):
            outputs = outputs[-len(targets) :]
        outputs, targets = outputs.flatten(0, 1), targets.flatten()
        if self.training.masked:
            counted = targets != MASKED
            outputs, targets = outputs[counted], targets[counted]
        return outputs, targets, tuple(part.float() for part in state)

    def _products(self) -> AbstractContextManager[Any]:
        """The precision in which matrices are multiplied."""
        bf16 = self.settings.training.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16) if bf16 else nullcontext()

    def _tensor(self, ids: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)


def training_windows(ids: IdFile, settings: Settings) -> Windows:
    """The windows of resolved settings."""
    data, training = settings.data, settings.training
    assert training.batch is not None
    return Windows(
        ids,
        window=data.window,
        shortest=data.shortest or data.window,
        stride=data.stride,
        batch=training.batch,
        seed=training.seed,
        shuffled=data.order == "shuffled",
        carried=data.state == "carried",
        every=training.loss == "every",
        context=settings.model.features - 1,
    )


def validation_windows(ids: IdFile, settings: Settings) -> Windows:
    """The same cut of the held-out text, in order, in batches of a size that is fast to score."""
    windows = training_windows(ids, settings)
    return replace(windows, shuffled=False, batch=1 if windows.carried else VALIDATION_BATCH)
