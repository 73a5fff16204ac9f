"""From a budget to a number of steps, and how often to evaluate."""

import math
import os
import statistics
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from riverrun.config.settings import BudgetSettings, TrainingSettings
from riverrun.training import events
from riverrun.training.task import Task, as_used

MEASURING_SHARE = 0.08  # of a budget in minutes is at most spent before the pace is taken as known
EVALUATING_SHARE = 0.15  # of it goes into evaluations at most, unless more of them are asked for
ENDING_SHARE = 0.03  # of it is kept for writing the model
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
        started = int(
            Path("/proc/self/stat")
            .read_text(encoding="ascii", errors="replace")
            .rsplit(")", 1)[1]
            .split()[19]
        )
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

    @property
    def evaluations(self) -> int:
        return math.ceil(self.steps / self.evaluate_every)

    def event(self, step: int) -> events.Planned:
        return events.Planned(step, self.steps, self.evaluate_every, self.limit)


def plan_steps(
    task: Task, settings: TrainingSettings, budget: BudgetSettings, step: int, clock: Clock
) -> Plan | None:
    """The plan, or None while a budget in minutes still has to measure the pace.

    The pace is measured during warm-up, whose learning rates do not depend on the number of steps. Then
    one evaluation is made, only to know how long it takes.
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
    pace = _pace([after - before for before, after in pairwise(clock.marks)])
    end = total * (1 - ENDING_SHARE) - ENDING_SECONDS
    plan = _plan(task, settings, step + max(1, int((end - now) / pace)), budget.minutes)
    with as_used(task.model):
        task.validate(plan.limit)
    seconds, left = clock.seconds() - now, end - clock.seconds()
    if settings.evaluate_every is not None:
        steps = left / (pace + seconds / plan.evaluate_every)
        return _plan(task, settings, step + max(1, int(steps)), budget.minutes)
    evaluations = max(1, min(plan.evaluations, int(left * EVALUATING_SHARE / max(1e-9, seconds))))
    steps = (left - evaluations * seconds) / pace
    return _plan(task, settings, step + max(1, int(steps)), budget.minutes, evaluations)


def _pace(durations: list[float]) -> float:
    """Mean duration of a step, without those of thrice the median: a slow first one, another program's burst."""
    usual = statistics.median(durations)
    return statistics.fmean(duration for duration in durations if duration <= 3 * usual)


def _plan(
    task: Task, settings: TrainingSettings, steps: int, minutes: float | None, most: int = 1 << 30
) -> Plan:
    """The number of evaluations grows slowly with the budget; at most ``most``, if the user sets none."""
    epochs = steps / task.steps_per_epoch
    minutes = minutes if minutes is not None else steps * task.tokens_per_step / 3e6
    evaluations = 1 + int(2.5 * math.log2(1 + 2 * minutes))
    if settings.early_stopping is not None or settings.schedule == "plateau":
        evaluations = max(evaluations, min(20, steps), math.ceil(epochs))
    evaluations = min(evaluations, most)
    every = task.steps_per_epoch if settings.evaluate_every == "epoch" else settings.evaluate_every
    evaluate_every = every or math.ceil(steps / evaluations)
    affordable = steps * task.tokens_per_step // (4 * math.ceil(steps / evaluate_every))
    return Plan(steps, evaluate_every, max(1 << 15, affordable))
