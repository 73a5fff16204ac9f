"""What happens in a run. The display, ``metrics.jsonl`` and the report consume these; none can change a run."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Started:
    """The run begins or goes on after ``step`` steps."""

    step: int
    parameters: int
    device: str
    precision: str
    training_tokens: int
    validation_tokens: int
    training_pairs: int | None = None  # None: it is text
    validation_pairs: int | None = None


@dataclass(frozen=True)
class Planned:
    """What is fixed of the run from this step on (:class:`riverrun.training.planning.Plan`)."""

    step: int
    steps: int
    evaluate_every: int
    limit: int
    threads: int
    since: int
    done: float


@dataclass(frozen=True)
class Progress:
    """Some steps were made: mean loss in nats per token since the last such event, tokens a second."""

    step: int
    steps: int | None
    epoch: float
    loss: float
    learning_rate: float
    tokens_per_second: float
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """The held-out text was scored. ``figures`` are what the task measures beside the loss."""

    step: int
    steps: int | None
    epoch: float
    seconds: float
    nats_per_token: float
    figures: dict[str, float]
    best: bool


@dataclass(frozen=True)
class Previewed:
    """A sample of what the model does now; ``label`` says how it was made."""

    step: int
    label: str
    prompt: str
    text: str


@dataclass(frozen=True)
class Saved:
    """A checkpoint is safely on disk."""

    step: int
    path: str


@dataclass(frozen=True)
class Stopped:
    """The run is over; ``reason`` is ``finished``, ``interrupted`` or ``early stopping``.

    ``best`` is the best evaluation; None where there was none.
    """

    step: int
    steps: int | None
    reason: str
    epoch: float
    seconds: float
    best: "Best | None"

    @property
    def held_out_figures(self) -> dict[str, float]:
        """The best evaluation's figures, under the names that a model's facts have."""
        if self.best is None:
            return {}
        figures = {"nats_per_token": self.best.nats_per_token, **self.best.figures}
        return {f"validation_{name}": value for name, value in figures.items()}


@dataclass(frozen=True)
class Best:
    """The best evaluation of a run: its step, loss, what it was chosen by (lower is better), and figures."""

    step: int
    nats_per_token: float
    error: float
    figures: dict[str, float]


Event = Started | Planned | Progress | Evaluated | Previewed | Saved | Stopped


def to_dict(event: Event) -> dict[str, Any]:
    """One line of ``metrics.jsonl``."""
    return {"event": type(event).__name__.lower(), **asdict(event)}
