"""``/v1/score``: the surprisal of every symbol of texts, as ``riverrun score`` tells it."""

import math
import time
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from riverrun.generation.state import Scores
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.access import note_of
from riverrun.server.answers import usage, warning_headers, with_warnings
from riverrun.server.connection import waited_for, while_connected
from riverrun.server.house import House
from riverrun.server.prompts import Prompt, aside, read_prompts
from riverrun.server.refusals import Refusal, json_response
from riverrun.server.schema import ScoreRequest
from riverrun.server.tickets import Inbox, Scored, Scoring, Ticket


async def score(house: House, request: Request, asked: ScoreRequest) -> Response:
    """The surprisal of every symbol."""
    served, limits = house.shelf.language_model(asked.model), house.limits
    model, note = served.model, note_of(request)
    assert isinstance(model, TrainedLanguageModel)
    note.about(served.name, asked.ignored)
    if len(asked.input) > limits.texts:
        raise Refusal(
            400, f"{len(asked.input)} texts: this server takes at most {limits.texts} at once", "input"
        )
    prompts = await read_prompts(model, asked.input, opens=True)
    total = sum(len(prompt.symbols) for prompt in prompts)
    if total > limits.positions:
        raise Refusal(400, f"{total} symbols: this server scores at most {limits.positions} at once", "input")
    inbox, deadline = Inbox(), time.monotonic() + limits.seconds
    tickets = [
        Ticket(Scoring(prompt.ids), note.client, inbox, deadline, place)
        for place, prompt in enumerate(prompts)
        if len(prompt.symbols)
    ]
    note.counts = lambda: (total, 0)
    house.submit(served, tickets)
    with waited_for(tickets):
        scores = await while_connected(request.receive, _collect(inbox, len(tickets)))

    def data() -> list[dict[str, Any]]:
        return [
            {"index": place, **_document(model, prompt, scores.get(place, []))}
            for place, prompt in enumerate(prompts)
        ]

    warnings = list(dict.fromkeys(prompt.warning for prompt in prompts if prompt.warning))
    answer = {
        "object": "score",
        "model": served.name,
        "data": await aside(data, total),
        "usage": usage(total, 0),
    }
    return json_response(with_warnings(answer, warnings), headers=warning_headers(warnings))


async def _collect(inbox: Inbox, count: int) -> dict[int, list[Scored]]:
    """The pieces of every text."""
    found: dict[int, list[Scored]] = {}
    if not count:
        return found
    async for place, delivery in inbox.deliveries():
        assert isinstance(delivery, Scored)
        found.setdefault(place, []).append(delivery)
        count -= delivery.last
        if not count:
            break
    return found


def _document(model: TrainedLanguageModel, prompt: Prompt, scores: list[Scored]) -> dict[str, Any]:
    """What ``riverrun score --json`` prints; an empty text has no figures."""
    if not scores:
        return {"tokens": 0, "token_scores": []}
    pieces = [Scores(piece.surprisal, piece.correct) for piece in scores]
    said = model.as_score(prompt.text, prompt.symbols.astype(np.int32), pieces)
    figures = {name: _finite(value) for name, value in said.likelihood.to_dict().items()}
    tokens = [
        {"text": token.text, "surprisal_bits": _finite(token.surprisal_bits)} for token in said.token_scores
    ]
    return {**figures, "token_scores": tokens}


def _finite(value: float | None) -> float | None:
    """JSON has no word for what is not finite."""
    return value if value is not None and math.isfinite(value) else None
