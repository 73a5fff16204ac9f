"""What one request, one client and the server as a whole may take. Every bound stands here and nowhere else."""

from dataclasses import dataclass, field, fields
from typing import Any

from riverrun.errors import InputError


def _bound(default: float, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Limits:
    """Bounds; the command line has each as ``--max-NAME``.

    A request's size is known before any of it is computed: what exceeds a bound is refused, never cut.
    """

    tokens: int = _bound(10_000, "symbols written for one answer")
    symbols: int = _bound(200_000, "symbols written for one request: prompts x max(n, best_of) x max_tokens")
    choices: int = _bound(128, "sequences of one request: prompts x max(n, best_of)")
    logprobs: int = _bound(20, "alternatives given for each symbol")
    positions: int = _bound(
        100_000, "positions x (logprobs + 1) of one request, and symbols echoed or scored"
    )
    texts: int = _bound(256, "texts scored or translated in one request")
    source: int = _bound(1_000, "symbols of one text to translate")
    beam: int = _bound(64, "hypotheses kept side by side in translating")
    body: int = _bound(1 << 20, "bytes of a request")
    head: int = _bound(32 << 10, "bytes of a request's headers")
    receive: float = _bound(20.0, "seconds for a request to arrive")
    seconds: float = _bound(300.0, "seconds that one request may take")
    drain: float = _bound(30.0, "seconds that running requests have to end when the server is stopped")
    connections: int = _bound(512, "open connections")
    batch: int = _bound(128, "sequences that a model advances together")
    queue: int = _bound(256, "prompts or texts that wait for a model; beyond, the answer is 429")

    def __post_init__(self) -> None:
        """Raises InputError naming every value out of range."""
        faults = [
            f"--max-{each.name} = {getattr(self, each.name)}: give more than 0"
            for each in fields(self)
            if not 0 < getattr(self, each.name) < float("inf")
        ]
        if self.choices > self.batch:
            faults.append(f"--max-choices = {self.choices}: give at most --max-batch ({self.batch})")
        if faults:
            raise InputError("; ".join(faults))
