"""The length of a run: how many steps, how often to evaluate, how many threads."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from riverrun.config.ranges import Closed, Natural, Positive, Threads
from riverrun.config.resolved import Fitting
from riverrun.data.batch import Cursor
from riverrun.training import events

if TYPE_CHECKING:  # a journal's plans are read without torch
    from riverrun.models.cores import CoreState
    from riverrun.training.task import Task

_LEAST_EVALUATED = 1 << 15  # tokens


@dataclass(frozen=True)
class Plan:
    """What is fixed of a run, from one step on.

    Attributes:
        steps: updates in all.
        evaluate_every: steps between evaluations.
        limit: held-out tokens scored at an evaluation, at most; the same in all plans of a run.
        threads: that torch uses.
        since, done: the share ``done`` of the learning rate's schedule is over at step ``since``.
    """

    steps: Positive
    evaluate_every: Positive
    limit: Positive
    threads: Threads
    since: Natural = 0
    done: Closed = 0.0

    def done_at(self, step: int) -> float:
        """Share of the schedule that is over at a step; it grows evenly to 1 at the last one."""
        if step <= self.since:
            return self.done
        share = (step - self.since) / max(1, self.steps - self.since)
        return min(1.0, self.done + (1 - self.done) * share)

    def extended(self, step: int, share: float) -> "Plan":
        """The plan of a budget of which the one so far was a share: the schedule goes on as far as it is over then."""
        steps = max(step + 1, round(self.steps / share))
        return replace(self, steps=steps, since=step, done=step / steps)

    def evaluations_after(self, step: int) -> int:
        return math.ceil((self.steps - step) / self.evaluate_every)

    def event(self, step: int) -> events.Planned:
        return events.Planned(step, **vars(self))


def fixed_plan(task: "Task", settings: Fitting, steps: int) -> Plan:
    """The plan for a number of steps; the evaluations' number grows slowly with it."""
    evaluations = wanted_evaluations(
        settings, steps, steps / task.steps_per_epoch, steps * task.tokens_per_step / 3e6
    )
    return spread_evaluations(
        task, settings, Plan(steps, 1, 1, settings.threads, settings.warmup), 0, evaluations
    )


@dataclass(frozen=True)
class Planner:
    """Of a run whose number of steps is known when it begins."""

    whole: Plan

    def plan(self, step: int, plan: Plan | None, cursor: Cursor, carried: "CoreState") -> Plan | None:
        """The plan, once; None from then on."""
        return self.whole if plan is None else None

    def stepped(self, seconds: float) -> None:
        """What a step took changes nothing."""

    def evaluated(self, seconds: float) -> None:
        """Nor does what an evaluation took."""


def wanted_evaluations(settings: Fitting, steps: int, epochs: float, minutes: float) -> int:
    """How many evaluations a run of that length should have, where the user does not say."""
    evaluations = 1 + int(2.5 * math.log2(1 + 2 * minutes))
    if settings.early_stopping or settings.schedule == "plateau":
        evaluations = max(evaluations, min(20, steps), math.ceil(epochs))
    return evaluations


def spread_evaluations(task: "Task", settings: Fitting, plan: Plan, step: int, evaluations: int) -> Plan:
    """The plan with so many evaluations after a step, or with as many as the user set."""
    left = plan.steps - step
    match settings.evaluate_every:
        case "auto":
            every = math.ceil(left / max(1, min(evaluations, left)))
        case "epoch":
            every = task.steps_per_epoch
        case int(every):
            pass
    affordable = plan.steps * task.tokens_per_step // (4 * math.ceil(plan.steps / every))
    return replace(plan, evaluate_every=every, limit=max(_LEAST_EVALUATED, affordable))
