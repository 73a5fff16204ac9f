"""What a recipe is, and what comes of running it."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Figures = dict[str, float]


@dataclass(frozen=True)
class Point:
    """A figure to be met.

    Attributes:
        figure: its name among the figures of a run.
        published: the number in the source; None where the source gives none.
        tolerance: how far ours may be from it; None where it cannot be met, which the recipe explains.
        epoch: after which pass; None: at the end.
    """

    figure: str
    published: float | None = None
    tolerance: float | None = None
    epoch: int | None = None

    @property
    def label(self) -> str:
        return self.figure if self.epoch is None else f"{self.figure}, epoch {self.epoch}"


@dataclass(frozen=True)
class Experiment:
    """One line of a recipe: a model, its data, its budget.

    Attributes:
        name: within the recipe.
        source: the text itself, or the name of a file in the data directory or of a generated task.
        settings: dotted settings of the engine.
        epochs, minutes: the budget; one of them.
        points: figures to compare.
        seeds: how many runs, of seeds 0, 1, ...
        measure: further figures of a trained model's directory.
        note: what the reader should know.
        lines: only so many first lines of the source.
    """

    name: str
    source: str
    settings: Mapping[str, Any]
    epochs: float | None = None
    minutes: float | None = None
    points: tuple[Point, ...] = ()
    seeds: int = 1
    measure: Callable[[Path], Figures] | None = None
    note: str = ""
    lines: int | None = None

    @property
    def budget(self) -> str:
        """How long it trains, in words."""
        amount, unit = (self.minutes, "minute") if self.epochs is None else (self.epochs, "epoch")
        return f"{amount:,g} {unit}{'' if amount == 1 else 's'}"


@dataclass(frozen=True)
class Recipe:
    """A published result.

    Attributes:
        name: on the command line.
        title: one line.
        citation: where it was published.
        about: what is claimed, and what holds.
        experiments: in the order of the table.
        side_by_side: the models are so small that runs go on separate processors.
        compared: the figures drawn as bars; none: the first of each experiment.
    """

    name: str
    title: str
    citation: str
    about: str
    experiments: tuple[Experiment, ...]
    side_by_side: bool = False
    compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of one experiment: figures and seconds of each seed, and the directories of the models.

    ``shortened``: it was run for fewer epochs than the recipe has.
    """

    experiment: Experiment
    figures: tuple[Figures, ...]
    seconds: tuple[float, ...]
    folders: tuple[Path, ...]
    shortened: bool = False


@dataclass(frozen=True)
class ComparisonRow:
    """One line of the table: published beside ours.

    Attributes:
        values: one a seed.
        verdict: ``met``, ``not met``, ``explained`` (it cannot be met; the recipe says why), ``shortened``
            (not met, but not all epochs were run) or empty.
    """

    experiment: str
    figure: str
    published: float | None
    tolerance: float | None
    values: tuple[float, ...] = field(repr=False)
    seconds: float
    verdict: str

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds."""
        return statistics.stdev(self.values) if len(self.values) > 1 else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "figure": self.figure,
            "published": self.published,
            "tolerance": self.tolerance,
            "mean": self.mean,
            "spread": self.spread,
            "seeds": len(self.values),
            "values": list(self.values),
            "seconds": round(self.seconds, 2),
            "verdict": self.verdict,
        }


def comparison_rows(outcome: Outcome) -> list[ComparisonRow]:
    """The points of an experiment that its runs reached, each with a verdict."""
    found = []
    for point in outcome.experiment.points:
        values = tuple(figures[point.label] for figures in outcome.figures if point.label in figures)
        if values:
            seconds = statistics.fmean(outcome.seconds)
            found.append(
                ComparisonRow(
                    outcome.experiment.name,
                    point.label,
                    point.published,
                    point.tolerance,
                    values,
                    seconds,
                    row_verdict(point, statistics.fmean(values), outcome.shortened),
                )
            )
    return found


def row_verdict(point: Point, ours: float, shortened: bool) -> str:
    """Whether a figure is within its tolerance."""
    if point.published is None:
        return ""
    if point.tolerance is None:
        return "explained"
    if abs(ours - point.published) <= point.tolerance + 1e-9:
        return "met"
    return "shortened" if shortened and point.epoch is None else "not met"
