"""How the next symbol is chosen: one settings object. What each setting does stands in ``choice``.

The type, range, default and description of a setting are written here: flags, help, checks and the compiled loop read
them. The server's ``schema`` has bounds of its own, as narrow as these or narrower.
"""

import inspect
import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, TypedDict, TypeVar, get_args, get_type_hints

from annotated_types import DocInfo, Ge, Gt, Le, Lt, doc

from riverrun.errors import InputError

LATEST = 1024
"""Symbols that a decoder remembers as they are: the longest window of a repetition penalty."""

_HUGE = 1 << 31


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is chosen; the steps apply in the order of ``choice.transform``.

    Published are: nucleus (top-p) sampling, Holtzman et al. 2020; min-p, Nguyen et al. 2024; typical sampling,
    Meister et al. 2023; the repetition penalty, Keskar et al. 2019 (below 1 it encourages repetition).
    """

    temperature: Annotated[
        float, Ge(0), Lt(math.inf), doc("logits are divided by it: 0 is greedy, 1 the model's own")
    ] = 0.8
    top_k: Annotated[int, Ge(0), Le(_HUGE), doc("only the K most likely symbols; 0 is off")] = 0
    top_p: Annotated[float, Ge(0), Le(1), doc("only the fewest most likely symbols that sum to P")] = 1.0
    min_p: Annotated[float, Ge(0), Le(1), doc("only symbols P times as likely as the likeliest")] = 0.0
    typical_p: Annotated[float, Ge(0), Le(1), doc("only symbols of typical surprisal, up to P")] = 1.0
    repetition_penalty: Annotated[
        float, Gt(0), Lt(math.inf), doc("logits of recent symbols are divided by it: above 1 discourages")
    ] = 1.0
    repetition_window: Annotated[int, Ge(0), Le(LATEST), doc("symbols that count as recent")] = 64
    uniform: Annotated[bool, doc("every symbol with equal chance: the lower bound")] = False

    def __post_init__(self) -> None:
        """Raises InputError naming every value of another type or out of range."""
        faults = [
            f"{name.replace('_', '-')} = {getattr(self, name)!r}: {fault}"
            for name, setting in SETTINGS.items()
            if (fault := setting.fault(getattr(self, name)))
        ]
        if faults:
            raise InputError("; ".join(faults))


class SamplingOptions(TypedDict, total=False):
    """The same settings as keywords: what editors read."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float
    typical_p: float
    repetition_penalty: float
    repetition_window: int
    uniform: bool


@dataclass(frozen=True)
class Setting:
    """What is known of one field of :class:`Sampling`."""

    kind: type
    about: str
    default: Any
    bounds: tuple[Any, ...]

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value, or None."""
        allowed, called = _KINDS[self.kind]
        if not isinstance(value, allowed) or (self.kind is not bool and isinstance(value, bool)):
            return f"must be {called}"
        if all(_holds(value, bound) for bound in self.bounds):
            return None
        return f"must be {self.range}"

    @property
    def range(self) -> str:
        """Such as ``0 to 1``; what has no use for so large a number is called finite."""
        least = next(f"{bound.ge}" if isinstance(bound, Ge) else f"above {bound.gt}" for bound in self.bounds)
        most: Any = next((bound.le for bound in self.bounds if isinstance(bound, Le)), math.inf)
        if most < _HUGE:
            return f"{least} to {most}"
        return f"{least}, finite" if least.startswith("above") else f"{least} or more, finite"


_KINDS = {
    bool: (bool, "true or false"),
    int: (numbers.Integral, "a whole number"),
    float: (numbers.Real, "a number"),
}


def _holds(value: Any, bound: Any) -> bool:
    match bound:
        case Ge(least):
            return value >= least
        case Gt(least):
            return value > least
        case Le(most):
            return value <= most
        case Lt(most):
            return value < most
        case other:
            raise AssertionError(other)


def _settings() -> dict[str, Setting]:
    hints = get_type_hints(Sampling, include_extras=True)
    found = {}
    for field in fields(Sampling):
        kind, *notes = get_args(hints[field.name])
        (about,) = (note.documentation for note in notes if isinstance(note, DocInfo))
        bounds = tuple(note for note in notes if not isinstance(note, DocInfo))
        found[field.name] = Setting(kind, about, field.default, bounds)
    return found


SETTINGS = _settings()
"""Every field of :class:`Sampling` by its name, in order."""

Method = TypeVar("Method", bound=Callable[..., Any])


def taking_settings(method: Method) -> Method:
    """Let ``help`` show the settings that a method takes as ``**sampling``, with their defaults."""
    signature = inspect.signature(method)
    own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    shown = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=setting.default, annotation=setting.kind
        )
        for name, setting in SETTINGS.items()
    ]
    setattr(method, "__signature__", signature.replace(parameters=[*own, *shown]))  # noqa: B010
    return method
