"""``/v1/chat/completions``: a thin adapter. Messages are joined plainly; for a translator the last is the source."""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from riverrun.language_model import TrainedLanguageModel
from riverrun.server.access import note_of
from riverrun.server.answers import chat_logprobs, usage, warning_headers, with_warnings
from riverrun.server.connection import EventStream
from riverrun.server.continuing import Continuing
from riverrun.server.house import House
from riverrun.server.passages import Piece
from riverrun.server.refusals import json_response
from riverrun.server.replying import reply
from riverrun.server.schema import ChatRequest
from riverrun.server.shelf import Served
from riverrun.server.translations import Order, translate_all
from riverrun.server.wanted import Wanted, check


async def chat(house: House, request: Request, asked: ChatRequest) -> Response:
    """Continue messages, or translate the last of them."""
    name = asked.model
    served = house.shelf.language_model(None) if name is None else house.shelf.any(name)
    note_of(request).about(served.name, asked.ignored)
    if not isinstance(served.model, TrainedLanguageModel):
        return await _translated(house, request, served, asked)
    tokens = asked.max_tokens if asked.max_completion_tokens is None else asked.max_completion_tokens
    alternatives = (asked.top_logprobs or 0) if asked.logprobs else None
    text = "\n".join(message.text for message in asked.messages)
    wanted = await check(house, served, asked, [text], tokens, alternatives)
    return await reply(
        house, request, served, wanted, bool(asked.stream), lambda going: _Chat(served, wanted, going, asked)
    )


def _head(served: Served, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": kind,
        "created": int(time.time()),
        "model": served.name,
    }


class _Chat:
    """A language model's answer in the making."""

    def __init__(self, served: Served, wanted: Wanted, going: Continuing, asked: ChatRequest) -> None:
        self._served, self._wanted, self._going = served, wanted, going
        self._tells_usage = bool(asked.stream_options and asked.stream_options.include_usage)
        self._head = _head(served, "chat.completion.chunk" if asked.stream else "chat.completion")

    async def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        pieces, finishes = await self._going.collected()
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": piece.text, "refusal": None},
                "logprobs": self._logprobs(piece),
                "finish_reason": finish,
            }
            for index, (piece, finish) in enumerate(zip(pieces, finishes, strict=True))
        ]
        return with_warnings({**self._head, "choices": choices, "usage": self._usage()}, self._going.warnings)

    async def events(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The same in pieces; the role comes first."""
        begun: set[int] = set()
        async for steps in self._going.progress():
            batch = []
            for step in steps:
                if step.index not in begun:
                    begun.add(step.index)
                    batch.append(self._event(step.index, {"role": "assistant", "content": ""}))
                if step.piece.text or step.piece.entries:
                    batch.append(self._event(step.index, {"content": step.piece.text}, step.piece))
                if step.finish:
                    last = self._event(step.index, {}, finish=step.finish)
                    batch.append(with_warnings(last, self._going.warnings))
            yield batch
        if self._tells_usage:
            yield [{**self._head, "choices": [], "usage": self._usage()}]

    def _event(
        self, index: int, delta: dict[str, Any], piece: Piece | None = None, finish: str | None = None
    ) -> dict[str, Any]:
        logprobs = None if piece is None else self._logprobs(piece)
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        content = {**self._head, "choices": [choice]}
        return content | {"usage": None} if self._tells_usage else content

    def _logprobs(self, piece: Piece) -> dict[str, Any] | None:
        if self._wanted.alternatives is None:
            return None
        return chat_logprobs(piece.entries, self._served.names)

    def _usage(self) -> dict[str, int]:
        return usage(self._going.prompt_tokens, self._going.written_tokens)


async def _translated(house: House, request: Request, served: Served, asked: ChatRequest) -> Response:
    """What a translator makes of the last message; as a stream it comes in one event."""
    order = Order([asked.messages[-1].text], n_best=asked.n or 1)
    found, warnings = await translate_all(house, request, served, order)
    texts = [output["text"] for output in found[0]] or [""]
    counted = usage(len(order.texts[0]), sum(map(len, texts)))
    headers = warning_headers(warnings)
    if not asked.stream:
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
            for index, text in enumerate(texts)
        ]
        answer = {**_head(served, "chat.completion"), "choices": choices, "usage": counted}
        return json_response(with_warnings(answer, warnings), headers=headers)
    head = _head(served, "chat.completion.chunk")
    tells_usage = bool(asked.stream_options and asked.stream_options.include_usage)

    async def events() -> AsyncIterator[list[dict[str, Any]]]:
        for index, text in enumerate(texts):
            delta = {"role": "assistant", "content": text}
            for part, finish in ((delta, None), ({}, "stop")):
                choice = {"index": index, "delta": part, "logprobs": None, "finish_reason": finish}
                yield [{**head, "choices": [choice]}]
        if tells_usage:
            yield [{**head, "choices": [], "usage": counted}]

    return EventStream(events, [], house.limits.seconds, headers)
