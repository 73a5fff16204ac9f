"""``/v1/completions``: whole answers and streams."""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from riverrun.language_model import TrainedLanguageModel
from riverrun.server.access import note_of
from riverrun.server.answers import completion_logprobs, usage, warning_headers, with_warnings
from riverrun.server.connection import EventStream, waited_for, while_connected
from riverrun.server.continuing import (
    Continuing,
    Wanted,
    check_biases,
    check_positions,
    check_size,
    ranked,
    sampling_of,
)
from riverrun.server.house import House
from riverrun.server.passages import Piece
from riverrun.server.prompts import aside, read_prompts
from riverrun.server.refusals import json_response
from riverrun.server.schema import CompletionRequest
from riverrun.server.shelf import Served


async def complete(house: House, request: Request, asked: CompletionRequest) -> Response:
    """Answer a request; everything is checked before anything is computed."""
    served = house.shelf.language_model(asked.model)
    note = note_of(request)
    note.about(served.name, asked.ignored)
    wanted = await _checked(house, served, asked)
    going = Continuing(house, served, wanted, note.client)
    note.counts = lambda: (going.prompt_tokens, going.written_tokens)
    answer = _Completion(served, wanted, going, asked)
    headers = warning_headers(wanted.warnings)
    if asked.stream:
        return EventStream(answer.events, going.tickets, house.limits.seconds + 5, headers)
    with waited_for(going.tickets):
        content = await while_connected(request.receive, answer.whole())
    return json_response(content, headers=headers)


async def _checked(house: House, served: Served, asked: CompletionRequest) -> Wanted:
    assert isinstance(served.model, TrainedLanguageModel)
    limits = house.limits
    prompts = asked.prompt or [""]
    length = check_size(limits, len(prompts), asked, asked.max_tokens, asked.best_of, asked.logprobs)
    check_biases(asked.logit_bias, served)
    sampling = sampling_of(asked)
    shown = asked.n or 1
    wanted = Wanted(
        prompts=await read_prompts(served.model, prompts),
        length=length,
        shown=shown,
        sequences=max(shown, asked.best_of or 1),
        alternatives=asked.logprobs,
        echo=bool(asked.echo),
        sampling=sampling,
        stops=asked.stop,
        seed=asked.seed,
        biases=asked.logit_bias,
    )
    check_positions(wanted, limits)
    return wanted


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
        pieces = [Piece() for _ in self._going.passages]
        finishes = ["length"] * len(pieces)
        async for steps in self._going.progress():
            for step in steps:
                pieces[step.index].text += step.piece.text
                pieces[step.index].entries += step.piece.entries
                finishes[step.index] = step.finish or finishes[step.index]

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
