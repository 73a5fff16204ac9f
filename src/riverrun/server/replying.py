"""How completions and chats answer: when all is written, or in events as it comes."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from riverrun.server.access import note_of
from riverrun.server.answers import warning_headers
from riverrun.server.connection import EventStream, waited_for, while_connected
from riverrun.server.continuing import Continuing
from riverrun.server.house import House
from riverrun.server.refusals import json_response
from riverrun.server.shelf import Served
from riverrun.server.wanted import Wanted


class Reply(Protocol):
    """The shape of an answer."""

    async def whole(self) -> dict[str, Any]:
        """All of it."""
        ...

    def events(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The same in pieces."""
        ...


async def reply(
    house: House,
    request: Request,
    served: Served,
    wanted: Wanted,
    stream: bool,
    shape: Callable[[Continuing], Reply],
) -> Response:
    """Let a checked request wait for its model, and answer; raises Refusal if too many wait."""
    note = note_of(request)
    going = Continuing(house, served, wanted, note.client)
    note.counts = lambda: (going.prompt_tokens, going.written_tokens)
    answer, headers = shape(going), warning_headers(wanted.warnings)
    if stream:
        return EventStream(answer.events, going.tickets, house.limits.seconds + 5, headers)
    with waited_for(going.tickets):
        content = await while_connected(request.receive, answer.whole())
    return json_response(content, headers=headers)
