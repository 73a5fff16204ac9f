"""What a run recorded of itself, as curves and samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riverrun.bundle.names import METRICS, SAMPLES
from riverrun.errors import ModelError
from riverrun.training.journal import read_lines


@dataclass(frozen=True)
class History:
    """The journal of a model directory.

    Attributes:
        progress, evaluations, samples: lines of the journal, oldest first.
    """

    progress: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]
    samples: list[dict[str, Any]]

    @property
    def training_loss(self) -> list[tuple[float, float]]:
        """Seconds and nats per token."""
        return [(event["seconds"], event["loss"]) for event in self.progress]

    @property
    def held_out_loss(self) -> list[tuple[float, float]]:
        """Seconds and nats per token."""
        return [(event["seconds"], event["nats_per_token"]) for event in self.evaluations]

    def seconds_at(self, epoch: float) -> float | None:
        """When so many passes were done; None if they never were."""
        return next((event["seconds"] for event in self.progress if event["epoch"] >= epoch - 1e-9), None)

    @property
    def epochs(self) -> dict[int, float]:
        """The epoch of each evaluated step."""
        return {event["step"]: event["epoch"] for event in self.evaluations}


def read_history(folder: Path) -> History:
    """The journal in a model directory; empty where there is none. Raises ModelError where it cannot be read."""
    try:
        events = read_lines(folder / METRICS) + read_lines(folder / SAMPLES)
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}") from error
    kinds = ("progress", "evaluated", "previewed")
    return History(*([event for event in events if event.get("event") == kind] for kind in kinds))
