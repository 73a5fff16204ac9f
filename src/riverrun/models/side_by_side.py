"""Threads for tasks that are each too small for several: every thread does its own products alone."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def workers(count: int) -> ThreadPoolExecutor:
    """A pool of ``count`` threads in which torch uses no further ones."""
    return ThreadPoolExecutor(count, initializer=_prepare)


def side_by_side(count: int, make: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[Made]:
    """``map`` in ``count`` threads; with one, in the caller's own."""
    if count == 1:
        yield from map(make, given)
    else:
        with workers(count) as pool:
            yield from pool.map(make, given)


def _prepare() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
