"""From a budget to a number of steps, and how often to evaluate."""

import math
import os
import statistics
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from riverrun.config import BudgetSettings, TrainingSettings
from riverrun.training import events
from riverrun.training.task import Task

MEASURING_SHARE = 0.08  # of a budget in minutes is at most spent before the pace is taken as known
ENDING_SHARE = 0.03  # of it is kept for the last evaluation and for writing the model
ENDING_SECONDS = 0.3


@dataclass
class Clock:
    """Wall time of the command, in seconds, over all its resumed parts."""

    began: float = field(default_factory=time.monotonic)
    marks: list[float] = field(default_factory=list)  # when each step of the measurement began

    @classmethod
    def since_process_start(cls) -> "Clock":
        """Counts from the start of the process, so that a budget includes loading Python and torch."""
        return cls(time.monotonic() - _process_age())

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def resume(self, seconds: float) -> None:
        """Count the time that an earlier part of the run took."""
        self.began -= seconds


def _process_age() -> float:
    """Seconds since this process began; 0 where the system does not say."""
    try:
        started = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):
        return 0.0


class Plan(NamedTuple):
    """The fixed length of a run.

    Attributes:
        steps: updates in all.
        evaluate_every: steps between evaluations.
        limit: held-out tokens scored at an evaluation, at most.
    """

    steps: int
    evaluate_every: int
    limit: int

    def event(self, step: int) -> events.Planned:
        return events.Planned(step, self.steps, self.evaluate_every, self.limit)


def plan_steps(
    task: Task, settings: TrainingSettings, budget: BudgetSettings, step: int, clock: Clock
) -> Plan | None:
    """The plan, or None while a budget in minutes still has to measure the pace.

    The pace is measured during warm-up, whose learning rates do not depend on the number of steps. It is the
    median duration of a step, which a slow first step or another program's burst of work does not disturb.
    """
    if budget.steps is not None:
        return _plan(task, settings, budget.steps, None)
    if budget.epochs is not None:
        return _plan(task, settings, max(1, round(budget.epochs * task.steps_per_epoch)), None)
    assert budget.minutes is not None
    assert settings.warmup is not None
    total, now = budget.minutes * 60, clock.seconds()
    clock.marks.append(now)
    if len(clock.marks) < 3:
        return None
    if step < settings.warmup and now - clock.marks[0] < total * MEASURING_SHARE:
        return None
    durations = [after - before for before, after in pairwise(clock.marks)]
    left = total - now - total * ENDING_SHARE - ENDING_SECONDS
    steps = step + max(1, int(left / statistics.median(durations)))
    return _plan(task, settings, steps, budget.minutes)


def _plan(task: Task, settings: TrainingSettings, steps: int, minutes: float | None) -> Plan:
    """Evaluations take about a tenth of the time: their number grows slowly with the budget."""
    epochs = steps / task.steps_per_epoch
    minutes = minutes if minutes is not None else steps * task.tokens_per_step / 3e6
    evaluations = 1 + int(2.5 * math.log2(1 + 2 * minutes))
    if settings.early_stopping is not None or settings.schedule == "plateau":
        evaluations = max(evaluations, min(20, steps), math.ceil(epochs))
    every = task.steps_per_epoch if settings.evaluate_every == "epoch" else settings.evaluate_every
    evaluate_every = every or math.ceil(steps / evaluations)
    affordable = steps * task.tokens_per_step // (4 * math.ceil(steps / evaluate_every))
    return Plan(steps, evaluate_every, max(1 << 15, affordable))
