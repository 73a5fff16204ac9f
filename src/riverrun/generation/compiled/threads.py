"""Which threads do a task, and how many of them pay."""

import os
import threading
from collections.abc import Callable, Sequence


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(jobs: Sequence[Callable[[], None]]) -> None:
    """Run jobs at the same time, the first one in this thread."""
    others = [threading.Thread(target=job, daemon=True) for job in jobs[1:]]
    for thread in others:
        thread.start()
    jobs[0]()
    for thread in others:
        thread.join()


class Pace:
    """Finds out how many threads are fastest: tries, remembers, and from time to time looks again.

    What pays depends on the width of the model, the caches and what else the machine does; results do not
    depend on it.
    """

    _TRIES_AGAIN = 16

    def __init__(self, most: int) -> None:
        self._choices = sorted({1, most})
        self._seconds: dict[int, float] = {}
        self._calls = 0

    def ranks(self) -> int:
        """How many threads to use now."""
        self._calls += 1
        for choice in self._choices:
            if choice not in self._seconds:
                return choice
        best = min(self._choices, key=self._seconds.__getitem__)
        if self._calls % self._TRIES_AGAIN == 0:
            return next((choice for choice in self._choices if choice != best), best)
        return best

    def took(self, ranks: int, seconds: float) -> None:
        """Remember how long a unit of work took."""
        self._seconds[ranks] = seconds
