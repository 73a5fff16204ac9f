"""A budget in minutes: the run's length is planned by the pace that is measured, and planned anew when that changes.

Every decision is a plan that holds from a step on. The loop records it, so that a run that is resumed or repeated
follows the same plans at the same steps, whatever its own clock says.
"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch

from riverrun.config.resolved import Fitting
from riverrun.data.batch import Cursor
from riverrun.models.cores import CoreState
from riverrun.training.clock import Clock
from riverrun.training.crowding import is_crowded
from riverrun.training.planning import Plan, spread_evaluations, wanted_evaluations
from riverrun.training.task import Task, as_used

MEASURING_SHARE = 0.08  # of the budget is at most spent before the pace is taken as known
EVALUATING_SHARE = 0.15  # of it goes into evaluations at most, unless more of them are asked for
ENDING_SHARE = 0.02  # of it is kept for writing the model
ENDING_SECONDS = 0.3
LOOKING_SHARE = 0.01  # of it passes between two looks at the pace
TOLERATED = 0.015  # share of the budget by which the end may be missed before the plan is changed
TRIAL = 3  # steps made, at most, to try another number of threads
TRIALS_SHARE = (
    0.05  # of the budget passes between two trials; they take about this share of what passes at most
)
TRIED_UP_TO = 0.2  # of the time left may be one step, so that another number of threads is tried
WORTH_CHANGING = 0.95  # of the present duration of a step is what another number of threads must come below


@dataclass
class Pacer:
    """Plans a run of so many minutes; what it remembers are durations alone.

    Attributes:
        task, settings: of the run.
        minutes: the budget.
        clock: of the command.
        thread_counts: that may be used, fewest first; the user's alone where he has set one.
        recorded: plans by step that an earlier part of the run, or the run that is repeated, made: followed as they
            are; up to the last of them nothing is decided anew.
    """

    task: Task
    settings: Fitting
    minutes: float
    clock: Clock
    thread_counts: tuple[int, ...]
    recorded: Mapping[int, Plan] = field(default_factory=dict)
    _steps: list[float] = field(default_factory=list)  # seconds of each since the last look
    _pace: float = 0.0
    _evaluation: float = 0.0  # seconds
    _next_trial: float = 0.0

    def stepped(self, seconds: float) -> None:
        """Note what a step took."""
        self._steps.append(seconds)

    def evaluated(self, seconds: float) -> None:
        """Note what an evaluation took, with its previews and its checkpoint."""
        self._evaluation = max(seconds, 0.5 * (self._evaluation + seconds))

    def plan(self, step: int, plan: Plan | None, cursor: Cursor, carried: CoreState) -> Plan | None:
        """The plan from this step on; None where it stays as it is, or is not known yet.

        Args:
            step: steps made.
            plan: the one that holds.
            cursor, carried: what the next step would learn from; trials of threads use it and leave no trace.
        """
        if step in self.recorded:
            return self.recorded[step]
        if self.recorded and step < max(self.recorded):
            return None
        if plan is None:
            return self._first_plan(step, cursor, carried) if self._measured(step) else None
        if not self._steps or sum(self._steps) < self._total * LOOKING_SHARE:
            return None
        return self._look(step, plan, cursor, carried)

    @property
    def _total(self) -> float:
        return self.minutes * 60

    @property
    def _left(self) -> float:
        """Seconds until the last step should be over."""
        return self._total * (1 - ENDING_SHARE) - ENDING_SECONDS - self.clock.seconds()

    def _measured(self, step: int) -> bool:
        """Whether the pace is known: it is measured during warm-up, whose rates do not depend on the plan."""
        if len(self._steps) < 2:
            return False
        return step >= self.settings.warmup or sum(self._steps) >= self._total * MEASURING_SHARE

    def _first_plan(self, step: int, cursor: Cursor, carried: CoreState) -> Plan:
        """By the mean duration of a step without outliers; one evaluation is made, to know how long it takes."""
        usual = statistics.median(self._steps)
        self._pace = statistics.fmean(seconds for seconds in self._steps if seconds <= 3 * usual)
        self._steps.clear()
        plan = Plan(step + 1, 1, 1, self.settings.threads, max(step, self.settings.warmup))
        plan = self._with_fastest_threads(plan, cursor, carried)
        began = self.clock.seconds()
        with as_used(self.task.model):
            self.task.validate(self._lasting(step, plan).limit)
        self._evaluation = self.clock.seconds() - began
        return self._lasting(step, plan)

    def _look(self, step: int, plan: Plan, cursor: Cursor, carried: CoreState) -> Plan | None:
        """The plan corrected, where the run would end too early or too late, or another number of threads is faster."""
        self._pace = statistics.fmean(self._steps)
        self._steps.clear()
        changed = self._with_fastest_threads(plan, cursor, carried)
        needed = (plan.steps - step) * self._pace + plan.evaluations_after(step) * self._evaluation
        if changed is plan and abs(needed - self._left) <= self._total * TOLERATED:
            return None
        since = max(step, plan.since)
        changed = self._lasting(step, replace(changed, since=since, done=plan.done_at(since)))
        changed = replace(changed, limit=plan.limit)  # figures of other parts of the text are not comparable
        return None if changed == plan else changed

    def _lasting(self, step: int, plan: Plan) -> Plan:
        """The plan with as many steps as the time that is left has room for."""
        most = max(1, int(EVALUATING_SHARE * self._left / max(1e-9, self._evaluation)))
        steps = step + max(1, int(self._left / self._pace))
        wanted = wanted_evaluations(
            self.settings, steps, (steps - step) / self.task.steps_per_epoch, self.minutes
        )
        evaluations = max(1, min(math.ceil(wanted * self._left / self._total), most))
        planned = spread_evaluations(self.task, self.settings, replace(plan, steps=steps), step, evaluations)
        if self.settings.evaluate_every != "auto":
            seconds = self._pace + self._evaluation / planned.evaluate_every
            return replace(planned, steps=step + max(1, int(self._left / seconds)))
        room = self._left - planned.evaluations_after(step) * self._evaluation
        steps = step + max(1, int(room / self._pace))
        return spread_evaluations(self.task, self.settings, replace(plan, steps=steps), step, evaluations)

    def _with_fastest_threads(self, plan: Plan, cursor: Cursor, carried: CoreState) -> Plan:
        """The plan with one thread or with all, whichever is faster now.

        Beside a busy program two threads may take ten times as long as one, since each waits for the other.
        """
        began = self.clock.seconds()
        due = began >= self._next_trial and self._pace <= TRIED_UP_TO * self._left
        others = [count for count in self.thread_counts if count != plan.threads]
        if not (others and due):
            return plan
        threads = others[0]
        crowded = threads > plan.threads and is_crowded(threads=threads)
        found = math.inf if crowded else self._trial(threads, cursor, carried)
        took = self.clock.seconds() - began
        self._next_trial = began + max(TRIALS_SHARE * self._total, took / TRIALS_SHARE)
        if found >= WORTH_CHANGING * self._pace:
            return plan
        self._pace = found
        return replace(plan, threads=threads)

    def _trial(self, threads: int, cursor: Cursor, carried: CoreState) -> float:
        """Seconds of a step with so many threads; weights and what is random stay as they were.

        It ends early where that number is plainly the slower one.
        """
        before, noise = torch.get_num_threads(), torch.get_rng_state()
        torch.set_num_threads(threads)
        seconds: list[float] = []
        while len(seconds) < TRIAL and sum(seconds) < TRIAL * self._pace:
            began = self.clock.seconds()
            self.task.learn(cursor, carried)
            seconds.append(self.clock.seconds() - began)
        torch.set_num_threads(before)
        torch.set_rng_state(noise)
        return statistics.median(seconds)
