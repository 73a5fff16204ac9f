"""Who may ask: the host and origin of a request, its key, and whether the server still takes any."""

import base64
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from riverrun.server.access import note_in
from riverrun.server.address import is_loopback
from riverrun.server.house import House
from riverrun.server.refusals import Refusal, json_response

OPEN = ("/health",)
"""Answered without a key, so that a balancer can ask."""

WHILE_DRAINING = ("/health", "/ready", "/metrics")
_READING = ("GET", "HEAD")
_BEARER, _BASIC = b"bearer ", b"basic "


class HostGate:
    """Refuses foreign origins, and on a loopback server foreign hosts: what a page elsewhere could make a browser send.

    A name that a foreign page has pointed at this machine (DNS rebinding) comes as a foreign host.
    """

    def __init__(self, app: ASGIApp, loopback: bool, origins: Sequence[str]) -> None:
        self._app, self._loopback, self._origins = app, loopback, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if self._loopback and host is not None and not is_loopback(_hostname(host)):
            refusal = Refusal(403, "this server answers to localhost and 127.0.0.1 only", code="foreign_host")
        elif origin is not None and not self._allows(origin, host):
            refusal = Refusal(
                403, "this server does not answer to pages of other origins", code="foreign_origin"
            )
        else:
            await self._app(scope, receive, send)
            return
        await json_response(refusal.body(), 403)(scope, receive, send)

    def _allows(self, origin: str, host: str | None) -> bool:
        if origin in self._origins or "*" in self._origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower() != ""


def _hostname(host: str) -> str:
    """A host without its port; what is none is foreign."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class KeyGate:
    """Asks for a key on every route but those that are open; the time it takes does not depend on the key.

    What is only read may be asked for with the key as a password too (RFC 7617, any name): a browser then asks the
    person at it, and the page at ``/`` works. What computes is not, since a browser sends a password by itself.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[bytes]) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._keys and scope["path"] not in OPEN:
            reads = scope["method"] in _READING
            number = self._number(_given(dict(scope["headers"]).get(b"authorization", b""), reads))
            if number is None:
                refusal = Refusal(401, "give a key: Authorization: Bearer KEY", code="invalid_api_key")
                headers = {"www-authenticate": 'Basic realm="riverrun"' if reads else "Bearer"}
                await json_response(refusal.body(), 401, headers)(scope, receive, send)
                return
            note = note_in(scope)
            note.client = f"{note.client}#{number}"
        await self._app(scope, receive, send)

    def _number(self, given: bytes) -> int | None:
        """Which key it is; every key is looked at, whichever fits."""
        fits = [hmac.compare_digest(given, key) for key in self._keys]
        return fits.index(True) if any(fits) else None


def _given(header: bytes, reads: bool) -> bytes:
    """The key that a request gives; empty where it gives none."""
    if header[: len(_BEARER)].lower() == _BEARER:
        return header[len(_BEARER) :]
    if reads and header[: len(_BASIC)].lower() == _BASIC:
        try:
            return base64.b64decode(header[len(_BASIC) :], validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return b""


class DrainGate:
    """Takes no new work once the server is to end."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app, self._house = app, house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._house.draining_since is None or scope["path"] in WHILE_DRAINING:
            await self._app(scope, receive, send)
            return
        refusal = Refusal(503, "the server is stopping", code="stopping")
        headers = {**(refusal.headers or {}), "connection": "close"}
        await json_response(refusal.body(), 503, headers)(scope, receive, send)
