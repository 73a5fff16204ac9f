"""One process that answers: its start, its signals, its orderly end."""

import asyncio
import logging
import socket
import sys
import time
from functools import partial
from types import FrameType

import uvicorn

from riverrun.server.access import Log
from riverrun.server.address import BACKLOG
from riverrun.server.app import build_app
from riverrun.server.heap import Heap
from riverrun.server.house import House
from riverrun.server.metrics import Meters, Metrics
from riverrun.server.offer import Offer
from riverrun.server.protocol import BoundedProtocol
from riverrun.server.shelf import Served, Shelf

_SWITCH = 0.001  # seconds until a thread that wants Python gets it: the loops must not starve the answers
_LAST_WORDS = 2  # seconds for answers that say that the server stops


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which at a signal first lets running requests end, and then ends with success."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house, self._heap = house, Heap()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, a second one does not wait."""
        if self._house.draining_since is None:
            self._house.draining_since = time.monotonic()
        else:
            self.should_exit = self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        self._heap.tidy()
        return await super().on_tick(counter) or self._house.drained

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the models' threads too: they get ready while the server listens already."""
        await super().startup(sockets)
        loop, failed = asyncio.get_running_loop(), partial(setattr, self, "should_exit", True)
        log = Log()
        for served in self._house.shelf.models.values():
            served.start(loop, Meters(self._house.metrics, served.name, log.failure), failed)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever still waits is told."""
        for served in self._house.shelf.models.values():
            served.desk.stop()
        await super().shutdown(sockets)


def serve(offer: Offer) -> None:
    """Answer until a signal ends it.

    Raises:
        RiverrunError: a model turned out to be unusable.
    """
    sys.setswitchinterval(_SWITCH)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what it would say stands in our log
    limits = offer.limits
    shelf = Shelf([Served(name, model, limits) for name, model in offer.models.items()])
    house = House(shelf, limits, Metrics())
    config = uvicorn.Config(
        build_app(house, Log(), offer.loopback, offer.keys, offer.origins),
        http=partial(BoundedProtocol, limits=limits),  # type: ignore[arg-type]
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=limits.head,
        timeout_graceful_shutdown=_LAST_WORDS,
    )
    DrainingServer(config, house).run([offer.listener])
    for served in shelf.models.values():
        served.stop(_LAST_WORDS)
    for served in shelf.models.values():
        if served.failure is not None:
            raise served.failure
