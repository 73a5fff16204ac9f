"""The page at ``/``: what ``riverrun play`` serves, with the models of this server."""

import asyncio
from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from riverrun.page.packing import MOST, pack_model
from riverrun.page.serving import HEADERS, Resource, resources
from riverrun.server.house import House


def add_page(app: FastAPI, house: House) -> None:
    """A route for every path of the page. A model too wide for a browser is not among its models.

    Models are packed when they are asked for, one at a time: it takes as much memory as the model.
    """
    models = {
        name: partial(pack_model, served.model.path)
        for name, served in house.shelf.models.items()
        if served.model.parameters <= MOST
    }
    packing = asyncio.Lock()
    for path, resource in resources(models).items():
        app.add_route(path, partial(_answer, resource, packing), ["GET"], include_in_schema=False)


async def _answer(resource: Resource, packing: asyncio.Lock, request: Request) -> Response:
    async with packing:
        content = await asyncio.to_thread(resource.content)
    return Response(content, headers={"content-type": resource.content_type, **HEADERS})
