"""uvicorn's HTTP/1.1 connection, with a deadline for a request's headers and a bound on connections."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from riverrun.server.limits import Limits
from riverrun.server.refusals import error_body, to_json


class BoundedProtocol(H11Protocol):
    """Closes connections over which no request comes in time: uvicorn waits for headers for ever."""

    def __init__(self, *arguments: Any, limits: Limits, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limits = limits
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            transport.write(
                _raw(503, "Service Unavailable", "too many connections are open: try again later")
            )
            transport.close()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._answering:
            self._wait_no_more()
        elif self._patience is None:
            self._wait()

    def handle_events(self) -> None:
        super().handle_events()
        if self._answering:  # also a request that came with the one before
            self._wait_no_more()

    def send_400_response(self, msg: str) -> None:
        """In our shape; where an answer has begun already, the connection just ends."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not (
            self._answering and self.cycle.response_started
        ):
            self.transport.write(_raw(400, "Bad Request", "this is not HTTP as this server understands it"))
        self.transport.close()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self._limits.receive, self._give_up)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self._answering:
            self.transport.close()


def _raw(status: int, phrase: str, message: str) -> bytes:
    """A whole answer."""
    body = to_json(error_body(status, message))
    head = (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"connection: close\r\n{'retry-after: 1' + chr(13) + chr(10) if status == 503 else ''}\r\n"
    )
    return head.encode("ascii") + body
