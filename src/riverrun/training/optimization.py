"""Optimisers, and the learning rate as a pure function of the step."""

import math
from dataclasses import dataclass, replace

import torch
from torch import nn

from riverrun.config import TrainingSettings


def build_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """The update rule of resolved settings; decay acts on matrices only (Loshchilov & Hutter 2019)."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    rate, decay, momentum = settings.learning_rate, settings.weight_decay, settings.momentum
    assert rate is not None
    groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    match settings.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, betas=(momentum, 0.99), fused=True)
        case "adam":
            plain = [{"params": [*matrices, *others]}]
            return torch.optim.Adam(plain, lr=rate, betas=(momentum, 0.999), fused=True)
        case "rmsprop":
            return torch.optim.RMSprop([{"params": [*matrices, *others]}], lr=rate, alpha=0.9, eps=1e-7)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=momentum)


@dataclass(frozen=True)
class Plateau:
    """Memory of the plateau schedule: the best loss, evaluations since, and the rate's current share."""

    best: float = math.inf
    waited: int = 0
    scale: float = 1.0

    def after(self, loss: float, settings: TrainingSettings) -> "Plateau":
        """The memory after one more evaluation."""
        if loss < self.best:
            return replace(self, best=loss, waited=0)
        if self.waited + 1 < settings.plateau_patience:
            return replace(self, waited=self.waited + 1)
        return replace(self, waited=0, scale=self.scale * settings.plateau_factor)


def learning_rate(settings: TrainingSettings, step: int, steps: int | None, plateau: Plateau) -> float:
    """The rate for step ``step`` (from 0) of ``steps``.

    A linear warm-up, then cosine decay to zero (Loshchilov & Hutter 2017), a constant, or the plateau's share.
    The warm-up does not depend on ``steps``, which may still be unknown then.
    """
    assert settings.learning_rate is not None
    assert settings.warmup is not None
    warm = min(1.0, (step + 1) / (settings.warmup + 1))
    match settings.schedule:
        case "constant":
            share = 1.0
        case "plateau":
            share = plateau.scale
        case "cosine":
            done = 0.0
            if steps is not None and step > settings.warmup:
                done = (step - settings.warmup) / max(1, steps - settings.warmup)
            share = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return settings.learning_rate * warm * share
