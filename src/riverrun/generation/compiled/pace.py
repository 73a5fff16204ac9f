"""Which threads do a task, and how many of them pay."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(jobs: Sequence[Callable[[], None]]) -> None:
    """Run jobs at the same time, the first one in this thread; raise what one failed with when all have ended."""
    if len(jobs) == 1:
        return jobs[0]()
    failures: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)

    others = [threading.Thread(target=run, args=[job], daemon=True) for job in jobs[1:]]
    for thread in others:
        thread.start()
    run(jobs[0])
    for thread in others:
        thread.join()
    if failures:
        raise failures[0]
    return None


class Pace:
    """Finds out how many threads are fastest: tries, remembers, and from time to time looks again.

    What pays depends on the width of the model, the length of the task, the caches and what else the machine
    does; results do not depend on it.
    """

    _REMEMBERED = 2  # of each choice, the better one counts: another program may have been in the way
    _TRIES_AGAIN = 16

    def __init__(self, most: int) -> None:
        self._choices = sorted({1, most})
        self._seconds: dict[tuple[int, int], deque[float]] = {}
        self._calls = 0

    def ranks(self, count: int) -> int:
        """How many threads to use now for a task of that many symbols."""
        self._calls += 1
        seconds = {choice: self._times(choice, count) for choice in self._choices}
        least = min(self._choices, key=lambda choice: len(seconds[choice]))
        if len(seconds[least]) < self._REMEMBERED:
            return least
        best = min(self._choices, key=lambda choice: min(seconds[choice]))
        if self._calls % self._TRIES_AGAIN == 0:
            return next((choice for choice in self._choices if choice != best), best)
        return best

    def took(self, ranks: int, count: int, seconds: float) -> None:
        """Remember how long a symbol took in a task of that many."""
        self._times(ranks, count).append(seconds)

    def _times(self, ranks: int, count: int) -> deque[float]:
        """Of tasks of about that many symbols: to start threads is a larger part of a short one."""
        return self._seconds.setdefault((ranks, count.bit_length()), deque(maxlen=self._REMEMBERED))
