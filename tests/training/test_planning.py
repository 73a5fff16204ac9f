"""A budget becomes a number of steps; evaluations are spread over it."""

from types import SimpleNamespace

import pytest
from torch import nn

from riverrun.config.settings import BudgetSettings, TrainingSettings
from riverrun.training.planning import Clock, plan_steps

TASK = SimpleNamespace(
    steps_per_epoch=100, tokens_per_step=1000, model=nn.Identity(), validate=lambda limit: None
)


def plan(task=TASK, step=0, clock=None, warmup=50, minutes=None, epochs=None, steps=None, **training):
    budget = BudgetSettings(minutes=minutes, epochs=epochs, steps=steps)
    return plan_steps(task, TrainingSettings(warmup=warmup, **training), budget, step, clock or Clock())


def test_steps_are_taken_as_they_are():
    assert plan(steps=77).steps == 77


@pytest.mark.parametrize(("epochs", "steps"), [(1, 100), (2.5, 250), (0.001, 1)])
def test_epochs_are_passes_over_the_text(epochs, steps):
    assert plan(epochs=epochs).steps == steps


def planned_by_pace(minutes, step_seconds, evaluation_seconds, monkeypatch, startup=0.0, **training):
    """Let a clock run that moves only by steps and evaluations; the plan, and the time the whole would take."""
    now = [startup]

    def evaluate(limit):
        now[0] += evaluation_seconds

    monkeypatch.setattr(Clock, "seconds", lambda self: now[0])
    task = SimpleNamespace(**vars(TASK) | {"validate": evaluate})
    clock, step = Clock(), 0
    while (found := plan(task, minutes=minutes, step=step, clock=clock, **training)) is None:
        now[0] += step_seconds
        step += 1
        assert step < 10_000
    return found, now[0] + (found.steps - step) * step_seconds + found.evaluations * evaluation_seconds


@pytest.mark.parametrize("minutes", [0.2, 1, 30])
@pytest.mark.parametrize("pace", [0.001, 0.05])
@pytest.mark.parametrize("evaluation", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("more", [{}, {"evaluate_every": 200}, {"early_stopping": 3}])
def test_minutes_are_kept_without_wasting_them(minutes, pace, evaluation, more, monkeypatch):
    _, seconds = planned_by_pace(minutes, pace, evaluation, monkeypatch, startup=2.0, **more)
    assert 0.75 * minutes * 60 < seconds <= minutes * 60


def test_a_budget_that_is_over_before_training_still_gives_a_few_steps(monkeypatch):
    found, _ = planned_by_pace(0.001, 1.0, 1.0, monkeypatch, startup=5.0)
    assert 1 <= found.steps <= 5


@pytest.mark.parametrize("steps", [1, 2, 7, 1000, 10**6])
@pytest.mark.parametrize("more", [{}, {"early_stopping": 2}, {"schedule": "plateau"}, {"evaluate_every": 3}])
def test_there_is_an_evaluation_and_its_cost_is_bounded(steps, more):
    found = plan(steps=steps, **more)
    assert found.evaluate_every >= 1
    assert found.limit >= 1
    if "evaluate_every" in more:
        assert found.evaluate_every == 3
    else:
        assert found.evaluate_every <= steps


def test_early_stopping_looks_often_enough_to_stop():
    assert plan(steps=1000, early_stopping=3).evaluate_every <= 50


def test_a_clock_counts_earlier_parts_of_the_run():
    clock = Clock()
    clock.resume(100.0)
    assert 100 <= clock.seconds() < 160


def test_a_clock_since_the_start_of_the_process_is_ahead_of_one_from_now():
    assert Clock.since_process_start().seconds() > Clock().seconds()
