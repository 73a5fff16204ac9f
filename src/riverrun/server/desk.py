"""Where tickets wait for a model: bounded, fair between clients, the door between event loop and thread."""

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from riverrun.server.tickets import Delivery, Over, Ticket

_SHARE = 0.75  # of the places that one client may hold: whoever comes next need not wait for all of its work


class Full(Exception):
    """As much waits as may wait."""


class Desk:
    """The waiting line of one model.

    ``submit`` is called in the event loop, all else in the model's thread.
    """

    def __init__(self, places: int, most_waiting: int) -> None:
        """For ``places`` sequences in progress and ``most_waiting`` tickets that wait for one."""
        self.places = places
        self._most_waiting = most_waiting
        self._waiting: dict[str, deque[Ticket]] = {}
        self._held: Counter[str] = Counter()  # places in use by client
        self._changed = threading.Condition()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def belong_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say which event loop the requests live in."""
        self._loop = loop

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Let tickets wait, all or none; raises Full."""
        with self._changed:
            if self.waiting + len(tickets) > self._most_waiting:
                raise Full
            for ticket in tickets:
                self._waiting.setdefault(ticket.client, deque()).append(ticket)
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many tickets wait."""
        return sum(map(len, list(self._waiting.values())))

    def stop(self) -> None:
        """Let the model's thread come to its end; what is waiting or in progress is over."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    @property
    def stopping(self) -> bool:
        return self._stopping

    def wait(self) -> bool:
        """Until something waits; False when the thread is to end."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            return not self._stopping

    def take(self, most: Callable[[Ticket], bool] = lambda ticket: True) -> Ticket | None:
        """The next ticket that a free place and ``most`` allow: of the client that holds the fewest places.

        Who is next waits until the places it needs are free, so that much work is not passed by little for ever.
        """
        with self._changed:
            self._drop_gone()
            order = sorted(
                self._waiting, key=lambda client: (self._held[client], self._waiting[client][0].joined)
            )
            for client in order:
                ticket = self._waiting[client][0]
                needed = ticket.work.sequences
                if self._held[client] and self._held[client] + needed > _SHARE * self.places:
                    continue
                if sum(self._held.values()) + needed > self.places or not most(ticket):
                    return None
                self._waiting[client].popleft()
                if not self._waiting[client]:
                    del self._waiting[client]
                self._held[client] += needed
                return ticket
            return None

    def give_back(self, client: str, places: int = 1) -> None:
        """Places are free again."""
        with self._changed:
            self._held[client] -= places
            if self._held[client] <= 0:
                del self._held[client]

    def _drop_gone(self) -> None:
        """Let go of tickets whose client has left; those whose time is up are told."""
        now, expired = time.monotonic(), []
        for client, line in list(self._waiting.items()):
            expired += [ticket for ticket in line if not ticket.left and now > ticket.deadline]
            kept = deque(ticket for ticket in line if not ticket.left and now <= ticket.deadline)
            if kept:
                self._waiting[client] = kept
            else:
                del self._waiting[client]
        self.hand_over([(ticket, Over("deadline")) for ticket in expired])

    def leave_none(self) -> None:
        """Tell all that wait that the server stops."""
        with self._changed:
            waiting = [ticket for line in self._waiting.values() for ticket in line]
            self._waiting.clear()
        self.hand_over([(ticket, Over("stopping")) for ticket in waiting])

    def hand_over(self, deliveries: Sequence[tuple[Ticket, Delivery]]) -> None:
        """Pass deliveries to the requests: one wake-up of the event loop for all."""
        if not deliveries or self._loop is None:
            return

        def put() -> None:
            for ticket, delivery in deliveries:
                ticket.inbox.put(ticket.place, delivery)

        try:
            self._loop.call_soon_threadsafe(put)
        except RuntimeError:  # the event loop has ended: nobody waits
            return
