"""``/v1/translate``: outputs for texts, with log-probabilities and perhaps where each was read."""

import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from riverrun.errors import InputError
from riverrun.generation.search import Search
from riverrun.server.access import note_of
from riverrun.server.answers import usage, warning_headers, with_warnings
from riverrun.server.connection import waited_for, while_connected
from riverrun.server.house import House
from riverrun.server.limits import Limits
from riverrun.server.prompts import aside, unseen
from riverrun.server.refusals import Refusal, json_response
from riverrun.server.schema import TranslateRequest
from riverrun.server.shelf import Served
from riverrun.server.tickets import Inbox, Ticket, Translated, TranslationWanted
from riverrun.translator import TrainedTranslator

_WEIGHTS = 1_000_000  # of attention in one answer


@dataclass(frozen=True)
class Order:
    """What is to be translated, and how."""

    texts: list[str]
    beam: int = Search.beam
    n_best: int = Search.n_best
    length_penalty: float = Search.length_penalty
    attention: bool = False


async def translate(house: House, request: Request, asked: TranslateRequest) -> Response:
    """Translate texts."""
    served = house.shelf.translator(asked.model)
    note_of(request).about(served.name, asked.ignored)
    given = {
        name: value
        for name in ("beam", "n_best", "length_penalty", "attention")
        if (value := getattr(asked, name)) is not None
    }
    order = Order(asked.input, **given)
    found, warnings = await translate_all(house, request, served, order)
    data = [
        {"index": index, "source": text, "outputs": outputs}
        for index, (text, outputs) in enumerate(zip(order.texts, found, strict=True))
    ]
    read = sum(map(len, order.texts))
    written = sum(len(output["text"]) for outputs in found for output in outputs)
    answer = {"object": "translation", "model": served.name, "data": data, "usage": usage(read, written)}
    return json_response(with_warnings(answer, warnings), headers=warning_headers(warnings))


async def translate_all(
    house: House, request: Request, served: Served, order: Order
) -> tuple[list[list[dict[str, Any]]], list[str]]:
    """Outputs for every text, best first, and what is to be said about the texts.

    Raises:
        Refusal: it is too much, too much waits, or the time is up.
    """
    _check(order, house.limits)
    sizes, warnings = await aside(lambda: _sizes(served, order.texts), sum(map(len, order.texts)))
    for place, size in enumerate(sizes):
        if size > house.limits.source:
            message = f"text {place} has {size} symbols: this server translates at most {house.limits.source} at once"
            raise Refusal(400, message, "input")
    longest = _translator(served).lengths.bound
    weights = sum((size + 1) * longest(size) * order.n_best for size in sizes)
    if order.attention and weights > _WEIGHTS:
        raise Refusal(
            400, "attention: these texts have too much of it for one answer; give fewer", "attention"
        )
    inbox, note = Inbox(), note_of(request)
    deadline = time.monotonic() + house.limits.seconds
    tickets = [
        Ticket(
            TranslationWanted(text, order.beam, order.n_best, order.length_penalty, order.attention, size),
            note.client,
            inbox,
            deadline,
            place,
        )
        for place, (text, size) in enumerate(zip(order.texts, sizes, strict=True))
        if size
    ]
    note.counts = lambda: (sum(sizes), 0)
    house.submit(served, tickets)
    with waited_for(tickets):
        found = await while_connected(request.receive, _collect(inbox, len(tickets)))
    return [found.get(place, []) for place in range(len(order.texts))], warnings


def _check(order: Order, limits: Limits) -> None:
    if len(order.texts) > limits.texts:
        raise Refusal(
            400, f"{len(order.texts)} texts: this server takes at most {limits.texts} at once", "input"
        )
    if order.beam > limits.beam:
        raise Refusal(400, f"beam = {order.beam}: this server keeps at most {limits.beam}", "beam")
    try:
        Search(order.beam, order.n_best, order.length_penalty)
    except InputError as error:
        raise Refusal(400, str(error).replace("--", "")) from None


def _sizes(served: Served, texts: list[str]) -> tuple[list[int], list[str]]:
    """Symbols of each source, and warnings; raises InputError for symbols that the model refuses."""
    model = _translator(served)
    sizes = [len(model.source.encode(text)) if text.strip() else 0 for text in texts]
    policy = model.settings.text.unknown
    warnings = [unseen(model.source, policy, text) for text in texts if text.strip()]
    return sizes, list(dict.fromkeys(filter(None, warnings)))


def _translator(served: Served) -> TrainedTranslator:
    assert isinstance(served.model, TrainedTranslator)
    return served.model


async def _collect(inbox: Inbox, count: int) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    if not count:
        return found
    async for place, delivery in inbox.deliveries():
        assert isinstance(delivery, Translated)
        found[place] = delivery.outputs
        if len(found) == count:
            break
    return found
