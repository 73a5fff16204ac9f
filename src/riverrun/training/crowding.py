"""Whether other programs leave this one the cores that several threads need."""

import time

import torch

_ROWS, _WIDTH = 32, 384  # of a product such as a step makes many of
_PRODUCTS = 10  # between two looks at the clock
_HOPELESS = 3.0  # times as long as one thread takes


def is_crowded(seconds: float = 0.03, threads: int | None = None) -> bool:
    """Whether small products take several threads longer than one thread.

    Threads that share a product wait for the slowest of them: beside a busy program two may take ten times as long as
    one, and a step of training, which is a thousand products, shows that too late.

    Args:
        seconds: spent on one thread's products; all of it takes at most about five times as long.
        threads: torch's present number.
    """
    before = torch.get_num_threads()
    threads = before if threads is None else threads
    if threads < 2:
        return False
    left, right = torch.ones(_ROWS, _WIDTH), torch.ones(_WIDTH, 4 * _WIDTH)
    try:
        torch.set_num_threads(1)
        done, alone = _products(left, right, seconds, most=None)
        torch.set_num_threads(threads)
        _products(left, right, seconds, most=_PRODUCTS)  # starts the threads
        made, together = _products(left, right, _HOPELESS * seconds, most=done)
    finally:
        torch.set_num_threads(before)
    return made < done or together > alone


def _products(left: torch.Tensor, right: torch.Tensor, seconds: float, most: int | None) -> tuple[int, float]:
    """Products made in that time, or so many; and the time that they took."""
    made, began, passed = 0, time.monotonic(), 0.0
    while passed < seconds and (most is None or made < most):
        for _ in range(_PRODUCTS):
            torch.mm(left, right)
        made += _PRODUCTS
        passed = time.monotonic() - began
    return made, passed
