"""The application: every route, and the layers around them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from riverrun import __version__
from riverrun.language_model import TrainedLanguageModel
from riverrun.server import chat, completions, scores, translations
from riverrun.server.access import LEFT, Access, Log, note_of
from riverrun.server.admission import DrainGate, HostGate, KeyGate
from riverrun.server.connection import ClientLeft
from riverrun.server.house import House
from riverrun.server.intake import JsonRoute
from riverrun.server.metrics import CONTENT_TYPE
from riverrun.server.naming import START_NAME
from riverrun.server.page_routes import add_page
from riverrun.server.prompts import check_ids, read_prompts, text_of_ids
from riverrun.server.refusals import Refusal, fail, json_response, refuse, refuse_fields
from riverrun.server.schema import (
    DetokenizeRequest,
    TokenizeRequest,
)
from riverrun.server.shelf import Served
from riverrun.text import START

_SILENT = {"tracing": False, "metrics": False, "logs": False}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": about}
    for status, about in {
        400: "Something in the request cannot be used; error.param names it.",
        401: "The key is missing or wrong.",
        403: "A foreign host or origin.",
        404: "There is no such model.",
        408: "The request arrived too slowly.",
        413: "The request is too large.",
        415: "The request is not JSON.",
        429: "Too much waits; Retry-After says how long.",
        503: "The server is stopping, or the time was up.",
    }.items()
}


def build_app(
    house: House, log: Log, loopback: bool, keys: Sequence[bytes] = (), origins: Sequence[str] = ()
) -> ASGIApp:
    """The routes behind, from the outside in: log, hosts and origins, CORS, keys, draining."""
    wrapped: ASGIApp = DrainGate(_routes(house), house)
    wrapped = KeyGate(wrapped, keys)
    if origins:
        wrapped = CORSMiddleware(
            wrapped,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["retry-after", "x-riverrun-warnings"],
        )
    return Access(HostGate(wrapped, loopback, origins), house, log)


def _routes(house: House) -> FastAPI:
    app = FastAPI(
        title="riverrun",
        version=__version__,
        docs_url=None,  # its page fetches from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            HTTPException: refuse,
            RequestValidationError: refuse_fields,
            ClientLeft: _left,
            Exception: fail,
        },
        telemetry=_SILENT,  # type: ignore[arg-type]
        responses=_ERRORS,
    )
    app.state.house = house
    app.router.route_class = JsonRoute
    _add_state(app, house)
    _add_writing(app, house)
    _add_tokenizing(app, house)
    add_page(app, house)
    return app


async def _left(request: Request, error: Exception) -> Response:
    return Response(status_code=LEFT)


def _add_state(app: FastAPI, house: House) -> None:
    """What is there, and how it is doing."""

    @app.get("/health")
    async def health() -> Response:
        """Whether the process is alive."""
        return json_response({"status": "alive"})

    @app.get("/ready")
    async def ready() -> Response:
        """Whether every model is loaded, and the server takes work."""
        if not house.ready:
            status = "stopping" if house.draining_since is not None else "loading"
            raise Refusal(503, f"the server is {status}", code=status)
        return json_response({"status": "ready"})

    @app.get("/metrics")
    async def metrics() -> Response:
        """For Prometheus."""
        for served in house.shelf.models.values():
            house.metrics.waiting.labels(served.name).set(served.desk.waiting)
        return Response(house.metrics.page(), media_type=CONTENT_TYPE)

    @app.get("/v1/models")
    async def models() -> Response:
        """The models that are served."""
        data = [_card(house, served) for served in house.shelf.models.values()]
        return json_response({"object": "list", "data": data})

    @app.get("/v1/models/{name}")
    async def model(name: str) -> Response:
        """One of them."""
        return json_response(_card(house, house.shelf.any(name)))


def _card(house: House, served: Served) -> dict[str, Any]:
    return {
        "id": served.name,
        "object": "model",
        "created": house.started,
        "owned_by": "riverrun",
        "kind": served.kind,
        "parameters": served.model.parameters,
    }


def _add_writing(app: FastAPI, house: House) -> None:
    """What models do."""

    for path, answer in (
        ("/v1/completions", completions.complete),
        ("/v1/chat/completions", chat.chat),
        ("/v1/score", scores.score),
        ("/v1/translate", translations.translate),
    ):
        app.post(path, name=answer.__name__, description=answer.__doc__)(partial(answer, house))


def _add_tokenizing(app: FastAPI, house: House) -> None:
    """Text to ids and back."""

    @app.post("/tokenize")
    async def tokenize(request: Request, asked: TokenizeRequest) -> Response:
        """The ids of a text; the name of the start symbol alone is that symbol."""
        served = house.shelf.tokenizing(asked.model)
        note_of(request).about(served.name, asked.ignored)
        model = _language(served)
        if asked.prompt == START_NAME:
            return json_response({"tokens": [START], "count": 1})
        (prompt,) = await read_prompts(model, [asked.prompt])
        tokens = prompt.symbols.tolist()
        if asked.add_special_tokens:
            tokens = [START, *tokens]
        return json_response({"tokens": tokens, "count": len(tokens)})

    @app.post("/detokenize")
    async def detokenize(request: Request, asked: DetokenizeRequest) -> Response:
        """The text of ids."""
        served = house.shelf.tokenizing(asked.model)
        note_of(request).about(served.name, asked.ignored)
        tokenizer = _language(served).tokenizer
        return json_response({"prompt": text_of_ids(tokenizer, check_ids(asked.tokens, tokenizer, "tokens"))})

    @app.get("/tokenizer_info")
    async def tokenizer_info(model: str | None = None) -> Response:
        """What programs need to know of a tokenizer; the start symbol stands before every text."""
        tokenizer = _language(house.shelf.tokenizing(model)).tokenizer
        return json_response(
            {
                "tokenizer_class": tokenizer.unit,
                "vocab_size": tokenizer.size,
                "bos_token": START_NAME,
                "eos_token": START_NAME,
                "bos_token_id": START,
                "eos_token_id": START,
            }
        )


def _language(served: Served) -> TrainedLanguageModel:
    assert isinstance(served.model, TrainedLanguageModel)
    return served.model
