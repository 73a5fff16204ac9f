"""What the loop needs of the thing it trains; language models and translators both offer it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from riverrun.data.lanes import Cursor
from riverrun.models.cores import CoreState


class Step(NamedTuple):
    """What one batch taught.

    Attributes:
        loss: mean nats per token.
        tokens: how many tokens that mean is over.
        carried: the state for the next step, detached.
        after: the cursor for the next step.
    """

    loss: float
    tokens: int
    carried: CoreState
    after: Cursor


@dataclass(frozen=True)
class Validation:
    """The held-out loss in nats per token, and figures the task adds (bits per character, accuracy, ...).

    ``error`` is what the best checkpoint is chosen by, lower being better; the loss, where a task sets none.
    """

    nats_per_token: float
    figures: dict[str, float]
    error: float | None = None

    @property
    def judged_by(self) -> float:
        return self.nats_per_token if self.error is None else self.error


class Preview(NamedTuple):
    """A sample: how it was made, what was given, what came out."""

    label: str
    prompt: str
    text: str


class Task(Protocol):
    """A model with its data."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in the training and in the held-out part."""
        ...

    @property
    def steps_per_epoch(self) -> int: ...

    @property
    def tokens_per_step(self) -> int:
        """About how many tokens one step reads."""
        ...

    def initial_carried(self) -> CoreState:
        """The state carried into the first step; empty for tasks that carry none."""
        ...

    def learn(self, cursor: Cursor, carried: CoreState) -> Step:
        """Run the model on the batch at a cursor, in training mode, and add the gradients of its loss to those of
        the parameters."""
        ...

    def validate(self, limit: int) -> Validation:
        """Score at most ``limit`` tokens of the held-out part."""
        ...

    def previews(self, step: int) -> list[Preview]:
        """Samples to show after an evaluation."""
        ...

    def files(self) -> dict[str, bytes]:
        """The files of a model directory beside the weights."""
        ...

    def facts(self) -> dict[str, Any]:
        """What the manifest says of the model."""
        ...


@contextmanager
def as_used(model: nn.Module) -> Iterator[None]:
    """Without dropout and gradients; afterwards the model learns again."""
    model.eval()
    with torch.inference_mode():
        yield
    model.train()
