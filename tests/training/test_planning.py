"""A number of steps becomes a plan; evaluations are spread over it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from torch import nn

import tiny
from riverrun.training.clock import Clock
from riverrun.training.planning import Plan, fixed_plan

TASK = SimpleNamespace(
    steps_per_epoch=100, tokens_per_step=1000, model=nn.Identity(), validate=lambda limit: None
)


def plan(steps, **fitting):
    return fixed_plan(TASK, replace(tiny.fitting(), **fitting), steps)


def test_steps_are_taken_as_they_are():
    assert plan(77).steps == 77


@pytest.mark.parametrize("steps", [1, 2, 7, 1000, 10**6])
@pytest.mark.parametrize("more", [{}, {"early_stopping": 2}, {"schedule": "plateau"}, {"evaluate_every": 3}])
def test_there_is_an_evaluation_and_its_cost_is_bounded(steps, more):
    found = plan(steps, **more)
    assert found.evaluate_every >= 1
    assert found.limit >= 1
    if "evaluate_every" in more:
        assert found.evaluate_every == 3
    else:
        assert found.evaluate_every <= steps


def test_early_stopping_looks_often_enough_to_stop():
    assert plan(1000, early_stopping=3).evaluate_every <= 50


def test_an_epoch_is_a_pass():
    assert plan(1000, evaluate_every="epoch").evaluate_every == 100


def test_the_schedule_grows_evenly_from_the_warm_up_to_the_end():
    fixed = Plan(150, 10, 100, 1, since=50)
    assert [fixed.done_at(step) for step in (0, 50, 75, 100, 150)] == [0, 0, 0.25, 0.5, 1]
    changed = replace(fixed, steps=125, since=100, done=0.5)
    assert [changed.done_at(step) for step in (100, 115, 125)] == [0.5, 0.8, 1]


def test_a_clock_counts_earlier_parts_of_the_run():
    clock = Clock()
    clock.resume(100.0)
    assert 100 <= clock.seconds() < 160


def test_a_clock_since_the_start_of_the_process_is_ahead_of_one_from_now():
    assert Clock.since_process_start().seconds() > Clock().seconds()
