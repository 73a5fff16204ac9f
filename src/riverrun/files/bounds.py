"""Bounds of values, as types state them: ``Annotated[int, Ge(1), Le(64)]``."""

from typing import Any

from annotated_types import Ge, Gt, Le, Lt, MaxLen


def hold(value: Any, bound: Any) -> None:
    """Raise ValueError where a value is out of bounds (as is a number that is not one)."""
    match bound:
        case Ge(ge):
            holds, allowed = value >= ge, f"{ge} or more"
        case Gt(gt):
            holds, allowed = value > gt, f"more than {gt}"
        case Le(le):
            holds, allowed = value <= le, f"{le} or less"
        case Lt(lt):
            holds, allowed = value < lt, f"less than {lt}"
        case MaxLen(most):
            holds, allowed = len(value) <= most, f"at most {most} of them"
        case other:
            raise AssertionError(other)
    if not holds:
        raise ValueError(f"give {allowed}")
