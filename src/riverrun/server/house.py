"""What all requests share: the models, the bounds, the metrics, and whether the server is about to end."""

import time
from dataclasses import dataclass, field

from riverrun.server.desk import Full
from riverrun.server.limits import Limits
from riverrun.server.metrics import Metrics
from riverrun.server.refusals import Refusal
from riverrun.server.shelf import Served, Shelf
from riverrun.server.tickets import Ticket

_LONGEST_WAIT = 60  # seconds that a client is told to wait


@dataclass
class House:
    """State of one process.

    Attributes:
        draining_since: when the server was asked to end, on the monotonic clock.
        running: requests that are being answered.
    """

    shelf: Shelf
    limits: Limits
    metrics: Metrics
    started: int = field(default_factory=lambda: int(time.time()))
    draining_since: float | None = None
    running: int = 0

    @property
    def ready(self) -> bool:
        """Whether every model can compute, and goes on doing so."""
        return self.draining_since is None and all(served.ready for served in self.shelf.models.values())

    @property
    def drained(self) -> bool:
        """Whether the process can end now: nothing runs any more, or the time for that is up."""
        if self.draining_since is None:
            return False
        return not self.running or time.monotonic() - self.draining_since > self.limits.drain

    def submit(self, served: Served, tickets: list[Ticket]) -> None:
        """Let tickets wait for a model; raises Refusal with 429 if too much waits already."""
        try:
            served.desk.submit(tickets)
        except Full:
            wait = min(_LONGEST_WAIT, 1 + served.desk.waiting // 16)
            message = f"{served.desk.waiting} prompts wait for {served.name} already: try again later"
            raise Refusal(429, message, code="busy", wait=wait) from None
