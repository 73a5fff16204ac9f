"""The outermost layer: counts and times every request, writes one line of JSON about it, never a text."""

import datetime
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riverrun.server.house import House
from riverrun.server.refusals import printable

_NOTE = "riverrun.note"
_MOST_IGNORED = 10
LEFT = 499  # the status of an answer that nobody waited for


@dataclass
class RequestNote:
    """What becomes known about a request while it is answered.

    Attributes:
        client: by whom, for a fair share: the address, and which key.
        counts: symbols read and written, so far.
        outcome: where it is not what the status says.
    """

    client: str
    model: str = ""
    ignored: list[str] = field(default_factory=list)
    counts: Callable[[], tuple[int, int]] | None = None
    outcome: str | None = None

    def about(self, model: str, ignored: list[str]) -> None:
        """Which model is asked, and which fields of the request mean nothing here."""
        self.model, self.ignored = model, [printable(name) for name in ignored[:_MOST_IGNORED]]


def note_of(request: Request) -> RequestNote:
    """The note of a request."""
    return request.scope[_NOTE]


def note_in(scope: Scope) -> RequestNote:
    """The note of a request, for layers that see the scope only."""
    return scope[_NOTE]


class Log:
    """Writes lines of JSON to a stream; a reader that has left silences it."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream

    def line(self, content: dict[str, Any]) -> None:
        stream = sys.stdout if self._stream is None else self._stream
        try:
            print(json.dumps({"time": _now(), **content}), file=stream, flush=True)
        except (OSError, ValueError):  # closed
            self._stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115

    def failure(self, trace: str) -> None:
        """A fault of the server's own."""
        self.line({"event": "failure", "traceback": trace})


class Access:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, house: House, log: Log) -> None:
        self._app, self._house, self._log = app, house, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.monotonic()
        scope[_NOTE] = note = RequestNote((scope["client"] or ("unknown",))[0])
        status, first = LEFT, None

        async def watch(message: Message) -> None:
            nonlocal status, first
            if message["type"] == "http.response.start":
                status = message["status"]
            elif first is None and message.get("body"):
                first = time.monotonic() - began
            await send(message)

        self._house.running += 1
        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            note.outcome = "failed"
            self._log.failure("".join(traceback.format_exception(error)))
        finally:
            self._house.running -= 1
            self._close(scope, note, status, first, time.monotonic() - began)

    def _close(
        self, scope: Scope, note: RequestNote, status: int, first: float | None, seconds: float
    ) -> None:
        route = getattr(scope.get("route"), "path", "")
        outcome = note.outcome or _outcome(status)
        self._house.metrics.requests.labels(route, note.model, outcome).inc()
        self._house.metrics.seconds.labels(route, note.model).observe(seconds)
        line = {
            "client": note.client,
            "method": printable(scope["method"], 10),
            "path": route or printable(scope["path"]),
            "status": status,
            "outcome": outcome,
            "seconds": round(seconds, 4),
        }
        if first is not None:
            line["first_byte_seconds"] = round(first, 4)
        if note.model:
            line["model"] = note.model
        if note.counts is not None:
            line["read"], line["written"] = note.counts()
        if note.ignored:
            line["ignored"] = note.ignored
        self._log.line(line)


def _outcome(status: int) -> str:
    if status < 400:
        return "answered"
    if status == LEFT:
        return "left"
    if status in (429, 503):
        return "busy"
    return "refused" if status < 500 else "failed"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
