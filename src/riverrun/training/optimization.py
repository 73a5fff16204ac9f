"""Optimisers, and the learning rate as a pure function of the step."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop

from riverrun.config import TrainingSettings


class Optimizer:
    """An update rule with its moments; torch's functional optimisers do the arithmetic.

    torch's own optimiser classes import its compiler, a second that a short budget cannot spare.

    Attributes:
        slots: running averages by name, one tensor for each parameter: what a checkpoint keeps.
    """

    def __init__(self, model: nn.Module, settings: TrainingSettings) -> None:
        self._settings = settings
        self._parameters: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
        names = {"adamw": _ADAM, "adam": _ADAM, "rmsprop": _RMSPROP, "sgd": _SGD}[settings.optimizer]
        self.slots: dict[str, list[Tensor]] = {
            name: [torch.zeros_like(p) for p in self._parameters] for name in names
        }
        self.slots["steps"] = [p.new_zeros(()) for p in self._parameters]

    def tensors(self) -> dict[str, Tensor]:
        """All slots as ``name.index``."""
        return {f"{name}.{i}": t for name, slot in self.slots.items() for i, t in enumerate(slot)}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`tensors` gave; raises KeyError where one is missing."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move the parameters against their gradients. Decay acts on matrices only and is decoupled
        (Loshchilov & Hutter 2019)."""
        decay = self._settings.weight_decay
        trained = [i for i, p in enumerate(self._parameters) if p.grad is not None]
        decayed = [i for i in trained if decay and self._parameters[i].dim() >= 2]
        if decayed:
            self._update(decayed, rate, decay)
        if others := [i for i in trained if i not in decayed]:
            self._update(others, rate, 0.0)

    def _update(self, chosen: list[int], rate: float, decay: float) -> None:
        parameters = [self._parameters[i] for i in chosen]
        gradients = [p.grad for p in parameters if p.grad is not None]
        slots = {name: [slot[i] for i in chosen] for name, slot in self.slots.items()}
        match self._settings.optimizer:
            case "adamw" | "adam" as rule:
                adam(
                    parameters,
                    gradients,
                    slots["first"],
                    slots["second"],
                    [],
                    slots["steps"],
                    fused=True,
                    decoupled_weight_decay=True,
                    amsgrad=False,
                    beta1=self._settings.momentum,
                    beta2=0.99 if rule == "adamw" else 0.999,
                    lr=rate,
                    weight_decay=decay if rule == "adamw" else 0.0,
                    eps=1e-8,
                    maximize=False,
                )
            case "rmsprop":
                rmsprop(
                    parameters,
                    gradients,
                    slots["second"],
                    [],
                    [],
                    slots["steps"],
                    lr=rate,
                    alpha=0.9,
                    eps=1e-7,
                    weight_decay=0.0,
                    momentum=0.0,
                    centered=False,
                )
            case "sgd":
                for p, gradient, velocity in zip(parameters, gradients, slots["first"], strict=True):
                    velocity.mul_(self._settings.momentum).add_(gradient)
                    p.mul_(1 - rate * decay).sub_(velocity, alpha=rate)


_ADAM = ("first", "second")
_RMSPROP = ("second",)
_SGD = ("first",)


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
