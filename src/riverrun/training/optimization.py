"""Optimisers, and the learning rate as a pure function of the step."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from riverrun.config.resolved import Fitting


class Optimizer:
    """An update rule with its moments; torch's kernels do the arithmetic.

    torch's own optimiser classes import its compiler, a second that a short budget cannot spare, and their
    bookkeeping takes longer than the arithmetic of a small model.

    Attributes:
        slots: running averages by name, one tensor for each parameter, and ``steps``, the number of updates:
            what a checkpoint keeps.
    """

    def __init__(self, model: nn.Module, settings: Fitting) -> None:
        self._settings = settings
        self._parameters: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
        decay, indices = settings.weight_decay, range(len(self._parameters))
        matrices = [i for i in indices if decay and self._parameters[i].dim() >= 2]
        self._groups = ((matrices, decay), ([i for i in indices if i not in matrices], 0.0))
        names = {"adamw": _ADAM, "adam": _ADAM, "rmsprop": _RMSPROP, "sgd": _SGD}[settings.optimizer]
        self.slots: dict[str, list[Tensor]] = {
            name: [torch.zeros_like(p) for p in self._parameters] for name in names
        }
        self.slots["steps"] = [self._parameters[0].new_zeros(())]

    def tensors(self) -> dict[str, Tensor]:
        """All slots as ``name.index``."""
        return {f"{name}.{i}": t for name, slot in self.slots.items() for i, t in enumerate(slot)}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`tensors` gave; raises KeyError where one is missing."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])

    def forget_gradients(self) -> None:
        """To be called before the next ones are computed."""
        for parameter in self._parameters:
            parameter.grad = None

    def clip_gradients(self) -> float:
        """Scale the gradients down to a common norm of ``training.clip`` (Pascanu et al. 2013), if theirs is
        larger; returns the norm they had."""
        return float(torch.nn.utils.clip_grad_norm_(self._parameters, self._settings.clip, foreach=True))

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move the parameters against their gradients. Decay acts on matrices only and is decoupled
        (Loshchilov & Hutter 2019)."""
        self.slots["steps"][0] += 1
        for group, decay in self._groups:
            if trained := [i for i in group if self._parameters[i].grad is not None]:
                self._update(trained, rate, decay)

    def _update(self, chosen: list[int], rate: float, decay: float) -> None:
        parameters = [self._parameters[i] for i in chosen]
        gradients = [p.grad for p in parameters if p.grad is not None]
        match self._settings.optimizer:
            case "adamw" | "adam" as rule:
                torch._fused_adamw_(
                    parameters,
                    gradients,
                    self._of("first", chosen),
                    self._of("second", chosen),
                    [],
                    self.slots["steps"] * len(chosen),
                    lr=rate,
                    beta1=self._settings.momentum,
                    beta2=0.99 if rule == "adamw" else 0.999,
                    weight_decay=decay if rule == "adamw" else 0.0,
                    eps=1e-8,
                    amsgrad=False,
                    maximize=False,
                )
            case "rmsprop":
                second = self._of("second", chosen)
                torch._foreach_mul_(second, _FORGETTING)
                torch._foreach_addcmul_(second, gradients, gradients, 1 - _FORGETTING)
                sizes = torch._foreach_sqrt(second)
                torch._foreach_add_(sizes, 1e-7)
                torch._foreach_addcdiv_(parameters, gradients, sizes, -rate)
            case "sgd":
                for p, gradient, velocity in zip(
                    parameters, gradients, self._of("first", chosen), strict=True
                ):
                    velocity.mul_(self._settings.momentum).add_(gradient)
                    p.mul_(1 - rate * decay).sub_(velocity, alpha=rate)

    def _of(self, name: str, chosen: list[int]) -> list[Tensor]:
        """A slot's tensors for some of the parameters."""
        return [self.slots[name][i] for i in chosen]


_ADAM = ("first", "second")
_RMSPROP = ("second",)
_SGD = ("first",)
_FORGETTING = 0.9  # of RMSprop's average of squares at each step


@dataclass(frozen=True)
class Plateau:
    """Memory of the plateau schedule: the best loss, evaluations since, and the rate's current share."""

    best: float | None = None
    waited: int = 0
    scale: float = 1.0

    def after(self, loss: float, settings: Fitting) -> "Plateau":
        """The memory after one more evaluation."""
        if self.best is None or loss < self.best:
            return replace(self, best=loss, waited=0)
        if self.waited + 1 < settings.plateau_patience:
            return replace(self, waited=self.waited + 1)
        return replace(self, waited=0, scale=self.scale * settings.plateau_factor)


def learning_rate(settings: Fitting, step: int, done: float, plateau: Plateau) -> float:
    """The rate for step ``step`` (from 0), when the share ``done`` of the schedule is over.

    A linear warm-up, then cosine decay to zero (Loshchilov & Hutter 2017), a constant, or the plateau's share.
    """
    warm = min(1.0, (step + 1) / (settings.warmup + 1))
    match settings.schedule:
        case "constant":
            share = 1.0
        case "plateau":
            share = plateau.scale
        case "cosine":
            share = 0.5 * (1 + math.cos(math.pi * done))
    return settings.learning_rate * warm * share
