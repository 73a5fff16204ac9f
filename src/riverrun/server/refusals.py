"""Answers that say no: one exception, one shape of body, for whatever is wrong with a request."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_RETRIED = (429, 503)
_WAIT = 1  # seconds, where nothing better is known


class Refusal(HTTPException):
    """A request that is not carried out.

    Attributes:
        param: the field at fault.
        code: a word for programs.
    """

    def __init__(
        self, status: int, message: str, param: str | None = None, code: str | None = None, wait: int = _WAIT
    ) -> None:
        """``wait`` seconds are named in ``Retry-After`` where trying again makes sense (429 and 503)."""
        headers = {"retry-after": str(wait)} if status in _RETRIED else {}
        super().__init__(status, message, headers)
        self.param, self.code = param, code

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        return error_body(self.status_code, str(self.detail), self.param, self.code)


def error_body(
    status: int, message: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """The shape that clients of the completions API read."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON of ASCII: line ends that only Unicode knows break readers of lines. Never holds NaN or infinity."""
    return Response(to_json(content), status, headers, media_type="application/json")


def to_json(content: Any) -> bytes:
    """Compact JSON of ASCII; raises ValueError on numbers that are not finite."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


async def refuse(request: Request, error: Exception) -> Response:
    """The answer to any :class:`HTTPException`, those of the framework included."""
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    if isinstance(error, Refusal):
        return json_response(error.body(), status, headers)
    message = str(error.detail)
    if status == 404:
        message = f"there is no {printable(request.url.path)} here; /openapi.json lists what is"
    elif status == 405:
        message = f"{request.method} is not what {printable(request.url.path)} takes"
    return json_response(error_body(status, message), status, headers)


async def refuse_fields(request: Request, error: Exception) -> Response:
    """The answer to a body that is not what the schema says: 400, as clients expect, and the first fault named."""
    assert isinstance(error, RequestValidationError)
    faults: Sequence[Any] = error.errors()
    first = faults[0]
    where = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    param = printable(".".join(where)) or None
    message = str(first["msg"]).removeprefix("Value error, ")
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return json_response(error_body(400, f"{param or 'the body'}: {message}{more}", param), 400)


async def fail(request: Request, error: Exception) -> Response:
    """The answer where the server is at fault."""
    return json_response(
        error_body(500, f"the server failed ({type(error).__name__}); its log says where"), 500
    )


def printable(text: str, most: int = 80) -> str:
    """At most so many characters of what a client sent, nothing that moves a terminal's cursor."""
    return ascii(text[:most])[1:-1]
