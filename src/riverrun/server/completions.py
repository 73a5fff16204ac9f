"""``/v1/completions``: whole answers and streams."""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from riverrun.server.access import note_of
from riverrun.server.answers import completion_logprobs, usage, with_warnings
from riverrun.server.continuing import Continuing, ranked
from riverrun.server.house import House
from riverrun.server.passages import Piece
from riverrun.server.prompts import aside
from riverrun.server.replying import reply
from riverrun.server.schema import CompletionRequest
from riverrun.server.shelf import Served
from riverrun.server.wanted import Wanted, check


async def complete(house: House, request: Request, asked: CompletionRequest) -> Response:
    """Continue prompts."""
    served = house.shelf.language_model(asked.model)
    note_of(request).about(served.name, asked.ignored)
    wanted = await check(
        house,
        served,
        asked,
        asked.prompt or [""],
        asked.max_tokens,
        asked.logprobs,
        asked.best_of or 1,
        bool(asked.echo),
    )
    return await reply(
        house,
        request,
        served,
        wanted,
        bool(asked.stream),
        lambda going: _Completion(served, wanted, going, asked),
    )


class _Completion:
    """An answer in the making."""

    def __init__(self, served: Served, wanted: Wanted, going: Continuing, asked: CompletionRequest) -> None:
        self._served, self._wanted, self._going = served, wanted, going
        self._tells_usage = bool(asked.stream_options and asked.stream_options.include_usage)
        self._head = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": served.name,
        }

    async def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        count = self._wanted.sequences
        pieces, finishes = await self._going.collected()

        def choices() -> list[dict[str, Any]]:
            found = []
            for place in range(len(self._wanted.prompts)):
                passages = self._going.passages[place * count : (place + 1) * count]
                for k in ranked(passages, self._wanted.shown):
                    index = place * count + k
                    piece, base = pieces[index], 0
                    if self._wanted.echo:
                        echo = self._going.echo(index)
                        base = len(echo.text)
                        told = self._logprobs(echo, 0)
                        found.append(self._choice(len(found), Piece(echo.text + piece.text), finishes[index]))
                        found[-1]["logprobs"] = _joined(told, self._logprobs(piece, base))
                    else:
                        found.append(self._choice(len(found), piece, finishes[index]))
                        found[-1]["logprobs"] = self._logprobs(piece, base)
            return found

        size = sum(len(piece.entries) for piece in pieces) + self._going.prompt_tokens
        answer = {**self._head, "choices": await aside(choices, size), "usage": self._usage()}
        return with_warnings(answer, self._going.warnings)

    async def events(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The same in pieces."""
        begun: set[int] = set()
        async for steps in self._going.progress():
            batch = []
            for step in steps:
                base = len(self._going.echo_text(step.index)) if self._wanted.echo else 0
                if self._wanted.echo and step.index not in begun:
                    begun.add(step.index)
                    echo = self._going.echo(step.index)
                    batch.append(self._event(step.index, echo, None, 0))
                if step.piece.text or step.piece.entries:
                    batch.append(self._event(step.index, step.piece, None, base))
                if step.finish:
                    last = self._event(step.index, Piece(), step.finish, base)
                    batch.append(with_warnings(last, self._going.warnings))
            yield batch
        if self._tells_usage:
            yield [{**self._head, "choices": [], "usage": self._usage()}]

    def _event(self, index: int, piece: Piece, finish: str | None, base: int) -> dict[str, Any]:
        choice = self._choice(index, piece, finish)
        if piece.entries:
            choice["logprobs"] = self._logprobs(piece, base)
        content = {**self._head, "choices": [choice]}
        return content | {"usage": None} if self._tells_usage else content

    def _choice(self, index: int, piece: Piece, finish: str | None) -> dict[str, Any]:
        return {"index": index, "text": piece.text, "logprobs": None, "finish_reason": finish}

    def _logprobs(self, piece: Piece, base: int) -> dict[str, Any] | None:
        if self._wanted.alternatives is None:
            return None
        return completion_logprobs(piece.entries, self._served.names, base)

    def _usage(self) -> dict[str, int]:
        return usage(self._going.prompt_tokens, self._going.written_tokens)


def _joined(first: dict[str, Any] | None, second: dict[str, Any] | None) -> dict[str, Any] | None:
    if first is None or second is None:
        return None
    return {name: first[name] + second[name] for name in first}
