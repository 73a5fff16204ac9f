"""What the loop needs of the thing it trains; language models and translators both offer it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from riverrun.config.resolved import LanguageSettings, TranslatorSettings
from riverrun.data.batch import Cursor
from riverrun.models.cores import CoreState


class Step(NamedTuple):
    """What one batch taught.

    Attributes:
        loss: mean nats per token.
        tokens: how many tokens that mean is over.
        carried: the state for the next step, detached.
    """

    loss: float
    tokens: int
    carried: CoreState


class Ratio(NamedTuple):
    """A figure as a sum and what it is over, so that parts can be added."""

    total: float
    over: float

    @property
    def value(self) -> float:
        return self.total / self.over


@dataclass(frozen=True)
class Validation:
    """How well the held-out part was predicted, as sums.

    Attributes:
        nats: of all tokens together.
        tokens: how many.
        figures: what the task measures beside the loss (bits per character, accuracy, ...).
        chosen_by: weights of the figures whose sum the best checkpoint has least of; none: the loss decides.
    """

    nats: float
    tokens: int
    figures: dict[str, Ratio]
    chosen_by: Mapping[str, float] = field(default_factory=dict)

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.tokens

    @property
    def error(self) -> float:
        """What the best checkpoint is chosen by, lower being better."""
        if not self.chosen_by:
            return self.nats_per_token
        return sum(weight * self.figures[name].value for name, weight in self.chosen_by.items())


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
    def settings(self) -> LanguageSettings | TranslatorSettings: ...

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in the training and in the held-out part."""
        ...

    @property
    def pairs(self) -> tuple[int, int] | tuple[()]:
        """Pairs in the training and in the held-out part; a text has none."""
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

    def validate(self, limit: int) -> Validation | None:
        """Score about ``limit`` tokens of the held-out part, or all where state is carried; None: nothing is held
        out."""
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
