"""Update rules against their definitions; the learning rate as a function of the step."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

import tiny
from riverrun.training.optimization import Optimizer, Plateau, learning_rate
from riverrun.training.planning import Plan


def settings(**given):
    return replace(tiny.fitting(), **{"learning_rate": 0.1, "warmup": 4} | given)


def rates(steps, **given):
    chosen = settings(**given)
    plan = Plan(steps, 1, 1, 1, since=chosen.warmup)
    return [learning_rate(chosen, step, plan.done_at(step), Plateau()) for step in range(steps)]


@pytest.mark.parametrize("schedule", ["cosine", "constant", "plateau"])
def test_warm_up_rises_to_the_peak_and_does_not_need_the_number_of_steps(schedule):
    rising = rates(20, schedule=schedule)[:5]
    assert rising == sorted(rising)
    assert rising[0] > 0
    assert rising[4] == pytest.approx(0.1)
    unknown = [learning_rate(settings(schedule=schedule), step, 0.0, Plateau()) for step in range(5)]
    assert unknown == rising


def test_cosine_falls_from_the_peak_to_nothing():
    falling = rates(100, schedule="cosine")[4:]
    assert falling == sorted(falling, reverse=True)
    assert falling[48] == pytest.approx(0.05, rel=0.02)
    assert 0 < falling[-1] < 0.001


def test_constant_stays():
    assert set(rates(50, schedule="constant")[4:]) == {0.1}


def test_no_warm_up_begins_at_the_peak():
    assert rates(10, warmup=0)[0] == 0.1


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_plateau_reduces_after_its_patience_and_not_before(patience):
    given = settings(schedule="plateau", plateau_patience=patience, plateau_factor=0.5)
    plateau = Plateau().after(1.0, given)
    for _ in range(patience - 1):
        plateau = plateau.after(1.0, given)
        assert plateau.scale == 1
    plateau = plateau.after(1.0, given)
    assert plateau.scale == 0.5
    assert learning_rate(given, 10, 0.1, plateau) == pytest.approx(0.05)
    assert plateau.after(0.9, given).scale == 0.5


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def torch_optimizer(model, rule):
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    match rule:
        case "adamw":
            return torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.99))
        case "adam":
            return torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.999))
        case "rmsprop":
            return torch.optim.RMSprop(model.parameters(), lr=0.01, alpha=0.9, eps=1e-7)


@pytest.mark.parametrize("rule", ["adamw", "adam", "rmsprop"])
def test_updates_are_those_of_torch(rule):
    ours, theirs = network(), network()
    optimizer = Optimizer(ours, settings(optimizer=rule, weight_decay=0.1))
    reference = torch_optimizer(theirs, rule)
    for step in range(5):
        inputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(step))
        for model in (ours, theirs):
            model.zero_grad()
            model(inputs).square().sum().backward()
        optimizer.step(0.01)
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_sgd_follows_its_definition():
    model = network()
    optimizer = Optimizer(model, settings(optimizer="sgd", momentum=0.5, weight_decay=0.1))
    weight, velocity = model[0].weight.detach().clone(), torch.zeros(5, 3)
    for _ in range(3):
        model.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        velocity = 0.5 * velocity + model[0].weight.grad
        weight = weight * (1 - 0.2 * 0.1) - 0.2 * velocity
        optimizer.step(0.2)
    torch.testing.assert_close(model[0].weight.detach(), weight)


@pytest.mark.parametrize("rule", ["adamw", "adam", "rmsprop", "sgd"])
def test_what_it_remembers_can_be_taken_over(rule):
    model = network()
    optimizer = Optimizer(model, settings(optimizer=rule))
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step(0.1)
    twin = copy.deepcopy(model)
    successor = Optimizer(twin, settings(optimizer=rule))
    successor.load({name: tensor.clone() for name, tensor in optimizer.tensors().items()})
    for one, other in ((optimizer, model), (successor, twin)):
        other.zero_grad()
        other(torch.full((2, 3), 2.0)).sum().backward()
        one.step(0.1)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters(), strict=True))


@pytest.mark.parametrize("largest", [1e-3, 0.5, 1e6])
def test_gradients_are_clipped_as_torch_does(largest):
    ours, theirs = network(), network()
    for model in (ours, theirs):
        model(torch.ones(2, 3)).square().sum().backward()
    norm = Optimizer(ours, settings(clip=largest)).clip_gradients()
    expected = nn.utils.clip_grad_norm_(theirs.parameters(), largest)
    assert norm == pytest.approx(float(expected))
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_gradient_that_is_no_number_shows_in_the_norm(bad):
    model = network()
    optimizer = Optimizer(model, settings(clip=1e6))
    model(torch.ones(2, 3)).sum().backward()
    assert model[0].bias.grad is not None
    model[0].bias.grad[1] = bad
    assert not math.isfinite(optimizer.clip_gradients())


def test_a_parameter_without_gradient_stays():
    model = network()
    optimizer = Optimizer(model, settings(weight_decay=0.1))
    before = model[2].weight.detach().clone()
    model[0](torch.ones(2, 3)).sum().backward()
    optimizer.clip_gradients()
    optimizer.step(0.1)
    assert torch.equal(model[2].weight, before)
    optimizer.forget_gradients()
    assert all(p.grad is None for p in model.parameters())


def test_the_rate_stays_finite_to_the_last_step():
    assert all(math.isfinite(rate) for rate in rates(1) + rates(2) + rates(5))
