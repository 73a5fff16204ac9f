"""A budget in minutes is kept on a machine whose pace changes, and what the machine allows is used."""

import itertools
from dataclasses import replace

import pytest
import torch
from torch import nn

import tiny
from riverrun.data.batch import Cursor
from riverrun.training import pacing
from riverrun.training.pacing import Pacer


class Machine:
    """A clock that moves only by steps and evaluations; ``pace(seconds, threads)`` is what a step takes."""

    def __init__(self, pace, evaluation=0.0, startup=0.0):
        self.now, self.pace, self.evaluation = startup, pace, evaluation
        self.threads = torch.get_num_threads()
        self.model = nn.Identity()
        self.steps_per_epoch, self.tokens_per_step = 100, 1000

    def seconds(self):
        return self.now

    def learn(self, cursor, carried):
        self.now += self.pace(self.now, torch.get_num_threads())

    def validate(self, limit):
        self.now += self.evaluation


def run(machine, minutes, threads=2, recorded=None, counts=None, **fitting):
    """Steps made and plans by step."""
    settings = replace(tiny.fitting(), threads=threads, **fitting)
    pacer = Pacer(machine, settings, minutes, machine, counts or (1, threads), recorded or {})
    plan, plans, step, evaluated = None, {}, 0, 0
    while plan is None or step < plan.steps:
        if (found := pacer.plan(step, plan, Cursor(), ())) is not None:
            plan = plans[step] = found
        began = machine.now
        machine.now += machine.pace(machine.now, plan.threads if plan else threads)
        pacer.stepped(machine.now - began)
        step += 1
        if plan and (step == plan.steps or step - evaluated >= plan.evaluate_every):
            machine.validate(plan.limit)
            pacer.evaluated(machine.evaluation)
            evaluated = step
        assert step < 3 * 10**6
    return step, plans


def steady(seconds):
    return lambda now, threads: seconds


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """The machine of these tests is the one above, whatever else runs on the real one."""
    monkeypatch.setattr(pacing, "is_crowded", lambda threads: False)


def busy(since, until, quiet=0.01, alone=0.015, crowded=0.07):
    """Two threads are faster than one, but for a time in which another program runs."""

    def pace(now, threads):
        return alone if threads == 1 else crowded if since <= now < until else quiet

    return pace


@pytest.mark.parametrize("minutes", [0.2, 1, 10])
@pytest.mark.parametrize("pace", [0.001, 0.05])
@pytest.mark.parametrize("evaluation", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("more", [{}, {"evaluate_every": 200}, {"early_stopping": 3}])
def test_minutes_are_kept_without_wasting_them(minutes, pace, evaluation, more):
    machine = Machine(steady(pace), evaluation, startup=2.0)
    run(machine, minutes, **more)
    assert 0.9 * minutes * 60 < machine.now <= 1.005 * minutes * 60


@pytest.mark.parametrize("minutes", [0.4, 5])
@pytest.mark.parametrize(("since", "until"), [(0, 0.5), (0.3, 0.6), (0.5, 2), (0, 2), (0.95, 2), (0, 0.05)])
def test_a_busy_neighbour_that_comes_and_goes_moves_the_end_little_and_wastes_little(minutes, since, until):
    total = minutes * 60
    machine = Machine(busy(since * total, until * total), evaluation=0.05)
    steps, _ = run(machine, minutes)
    assert 0.93 * total < machine.now <= 1.05 * total
    crowded = min(1, until) - min(1, since)
    possible = total * (crowded / 0.015 + (1 - crowded) / 0.01)  # the better of the two numbers of threads
    assert steps > 0.8 * possible


@pytest.mark.parametrize("since", [0, 0.3])
def test_one_thread_is_found_where_two_take_many_times_as_long(since):
    machine = Machine(busy(since * 60, 60, quiet=0.025, alone=0.045, crowded=0.7), evaluation=0.3)
    steps, plans = run(machine, 1)
    assert list(plans.values())[-1].threads == 1
    assert 56 < machine.now <= 63
    assert steps > 0.8 * 60 * (since / 0.025 + (1 - since) / 0.045)


def test_threads_that_the_user_set_stay():
    _, plans = run(Machine(busy(0, 100)), 0.4, counts=(2,))
    assert {plan.threads for plan in plans.values()} == {2}


def test_all_threads_are_taken_again_when_the_neighbour_has_gone():
    _, plans = run(Machine(busy(0, 10)), 0.5)
    assert [next(iter(plans.values())).threads, list(plans.values())[-1].threads] == [1, 2]


def test_a_recorded_run_is_followed_whatever_the_clock_says():
    steps, plans = run(Machine(busy(5, 10)), 0.4)
    assert len(plans) > 1
    again, followed = run(Machine(steady(0.002)), 0.4, recorded=plans)
    assert list(itertools.islice(followed.items(), len(plans))) == list(plans.items())
    assert again >= steps - 1


def test_the_schedule_goes_on_where_a_plan_is_changed_and_ends_at_its_end():
    steps, plans = run(Machine(busy(5, 10)), 0.4)
    for (_, before), (step, after) in itertools.pairwise(plans.items()):
        assert after.done_at(step) == pytest.approx(before.done_at(step))
    last = list(plans.values())[-1]
    assert last.done_at(steps) == pytest.approx(1)


def test_a_budget_that_is_over_before_training_still_gives_a_few_steps():
    steps, _ = run(Machine(steady(1.0), 1.0, startup=5.0), 0.001)
    assert 1 <= steps <= 5


def test_a_trial_of_threads_leaves_no_trace():
    machine = Machine(busy(0, 100))
    machine.learn = lambda cursor, carried: torch.rand(3) if torch.get_num_threads() > 1 else None
    before = torch.get_rng_state(), torch.get_num_threads()
    pacer = Pacer(machine, replace(tiny.fitting(), threads=2), 1, machine, (1, 2), _pace=1.0)
    pacer._trial(2, Cursor(), ())
    assert (torch.get_rng_state() == before[0]).all()
    assert torch.get_num_threads() == before[1]


def test_every_evaluation_scores_the_same_part_of_the_text():
    _, plans = run(Machine(busy(12, 40), evaluation=0.3), 1)
    assert len(plans) > 2
    assert len({plan.evaluate_every for plan in plans.values()}) > 1
    assert len({plan.limit for plan in plans.values()}) == 1
