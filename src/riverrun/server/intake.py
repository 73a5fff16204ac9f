"""How a request's body comes in: counted and timed while it is received, JSON and nothing else."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from riverrun.server.limits import Limits
from riverrun.server.refusals import Refusal

_PATIENCE = (
    8  # times the bound that is read and thrown away, so that a client that writes first reads the answer
)


class BoundedRequest(Request):
    """A request whose body is bounded in bytes, seconds and depth."""

    async def body(self) -> bytes:
        """The whole body; raises Refusal with 413 or 408."""
        if not hasattr(self, "_body"):
            limits: Limits = self.app.state.house.limits
            try:
                async with asyncio.timeout(limits.receive):
                    self._body = await self._receive_body(limits.body)
            except TimeoutError:
                raise _closing(
                    Refusal(408, f"the request did not arrive within {limits.receive:g} seconds")
                ) from None
        return self._body

    async def _receive_body(self, most: int) -> bytes:
        refusal = _closing(Refusal(413, f"the request is larger than {most} bytes"))
        if (announced := self.headers.get("content-length", "")).isdecimal() and int(
            announced
        ) > _PATIENCE * most:
            raise refusal
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size <= most:
                parts.append(part)
            elif size > _PATIENCE * most:
                raise refusal
        if size > most:
            raise refusal
        return b"".join(parts)

    async def json(self) -> Any:
        """The body's value. NaN, infinities, half characters and depths beyond 200 are no JSON here."""
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise Refusal(400, f"the body is not JSON: {error}", code="invalid_json") from None


class JsonRoute(APIRoute):
    """A route that takes JSON only: what a form on a foreign page can send is refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method == "POST" and kind != "application/json":
                raise _closing(Refusal(415, "send JSON, with content-type: application/json"))
            return await handle(BoundedRequest(request.scope, request.receive))

        return handler


def _closing(refusal: Refusal) -> Refusal:
    """The same, ending the connection: the rest of a body is not waited for."""
    refusal.headers = {**(refusal.headers or {}), "connection": "close"}
    return refusal
