"""The client at the other end: whether it is still there, and sending it events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from riverrun.server.access import note_in
from riverrun.server.refusals import Refusal, error_body, to_json
from riverrun.server.tickets import Ticket

T = TypeVar("T")

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
_DONE = b"data: [DONE]\n\n"


class ClientLeft(Exception):
    """The client closed the connection before it had its answer."""


@contextlib.contextmanager
def waited_for(tickets: Sequence[Ticket]) -> Iterator[None]:
    """However this ends, nobody waits for the tickets afterwards: their models let go of them."""
    try:
        yield
    finally:
        for ticket in tickets:
            ticket.left = True


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work; it is cancelled when the client leaves.

    Raises:
        ClientLeft: the client has left.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientLeft
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """Server-sent events: lists of JSON objects as they come, then ``[DONE]``.

    An error in mid-stream is an event that holds ``error``. Each list is one write; of an empty one, a comment that
    keeps the connection alive.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        batches: Callable[[], AsyncIterator[list[dict[str, Any]]]],
        tickets: Sequence[Ticket],
        seconds: float,
        headers: dict[str, str],
    ) -> None:
        """``seconds`` is how long all may take, a client that reads slowly included."""
        self.status_code = 200
        self.background = None
        self.body = b""
        self._batches = batches
        self._tickets = tickets
        self._seconds = seconds
        self.init_headers({**HEADERS, **headers})
        self.raw_headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with waited_for(self._tickets):
            try:
                async with asyncio.timeout(self._seconds):
                    await while_connected(receive, self._send_all(send))
            except (ClientLeft, TimeoutError):  # or it does not read: what is buffered is all that it gets
                note_in(scope).outcome = "left"

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for batch in self._batches():
                await _write(send, b"".join(map(event, batch)) or b": waiting\n\n")
        except Refusal as refusal:
            await _write(send, event(refusal.body()))
        except Exception:
            await _write(send, event(error_body(500, "the server failed; its log says where")))
            await _write(send, _DONE, more=False)
            raise
        await _write(send, _DONE, more=False)


async def _write(send: Callable[[Any], Awaitable[None]], body: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def event(content: dict[str, Any]) -> bytes:
    """One event; its JSON is ASCII, because some readers break lines at characters that only Unicode calls so."""
    return b"data: " + to_json(content) + b"\n\n"
