"""The page over HTTP, on this machine only: a fixed table of paths, and nothing else is looked up."""

import json
import mimetypes
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from riverrun.errors import InputError
from riverrun.page.packing import pack_model
from riverrun.page.single_file import FOLDER

ADDRESS = "127.0.0.1"
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".wasm": "application/wasm"}


class Resource(NamedTuple):
    """What stands at a path."""

    kind: str
    content: Callable[[], bytes]

    @property
    def content_type(self) -> str:
        return content_type(self.kind)


def content_type(kind: str) -> str:
    """The header for a kind; what is text is UTF-8."""
    text = kind.startswith("text/") or kind == "application/json"
    return f"{kind}; charset=utf-8" if text else kind


class PageServer(ThreadingHTTPServer):
    """Serves the page with some models until it is closed."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would let two servers share a port

    def __init__(self, models: Sequence[Path], port: int) -> None:
        """Read the models, then listen on a port of the loopback address; 0 is any that is free.

        Raises:
            ModelError: a model is missing, damaged, newer, or too wide for a page.
            InputError: the port is in use, or may not be used.
        """
        self.models = {name: pack_model(path) for name, path in zip(names(models), models, strict=True)}
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
            raise InputError(f"port {port} cannot be used ({reason}): give another with --port") from error

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/"

    @property
    def hosts(self) -> set[str]:
        """What a request may call this server; a page whose name was bent to this address calls it otherwise."""
        return {f"{ADDRESS}:{self.port}", f"localhost:{self.port}"}

    @cached_property
    def table(self) -> dict[str, Resource]:
        """Everything that can be asked for."""
        return resources({name: _giving(content) for name, content in self.models.items()})


def resources(models: Mapping[str, Callable[[], bytes]]) -> dict[str, Resource]:
    """What stands at which path: the page, and packed models by their names."""
    files = {f"/{path.relative_to(FOLDER).as_posix()}": _file(path) for path in page_files()}
    packed = {
        f"/models/{number}": Resource("application/octet-stream", content)
        for number, content in enumerate(models.values())
    }
    listed = [
        {"name": name, "path": f"models/{number}", "precision": "fp32"} for number, name in enumerate(models)
    ]
    return {
        "/": _file(FOLDER / "app" / "index.html"),
        "/models.json": Resource("application/json", json.dumps(listed).encode),
        **files,
        **packed,
    }


def page_files() -> list[Path]:
    """The page's own files."""
    kinds = (".js", ".css", ".wasm")
    return sorted(
        path for room in ("app", "engine") for path in (FOLDER / room).rglob("*") if path.suffix in kinds
    )


def names(models: Sequence[Path]) -> list[str]:
    """A name for each: its directory's, with more of the path where two are called the same."""
    short = [path.resolve().name for path in models]
    return [name if short.count(name) == 1 else str(path) for name, path in zip(short, models, strict=True)]


def _file(path: Path) -> Resource:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Resource(kind, path.read_bytes)


def _giving(content: bytes) -> Callable[[], bytes]:
    return lambda: content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds a request may take to arrive

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, with_body: bool) -> None:
        server = cast(PageServer, self.server)
        named = self.headers.get_all("Host") or []
        if len(named) != 1 or named[0] not in server.hosts:
            self._send(403, "text/plain", b"this server answers to its own address only\n", with_body)
            return
        resource = server.table.get(urlsplit(self.path).path)
        if resource is None:
            self._send(404, "text/plain", b"nothing is there\n", with_body)
            return
        self._send(200, resource.kind, resource.content(), with_body)

    def _send(self, status: int, kind: str, content: bytes, with_body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type(kind))
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def version_string(self) -> str:
        return "riverrun"

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads a log of one's own clicks."""
