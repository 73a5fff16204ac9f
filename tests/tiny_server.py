"""A server in a process of its own, and clients so simple that they can misbehave."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TIMEOUT = 60.0  # seconds; nothing here takes that long unless the server hangs


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error, which must be of the shape that clients read."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}, self.body
        assert isinstance(error["message"], str)
        assert "\n" not in error["message"]
        return error

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of a stream, which must end with ``[DONE]``."""
        assert self.headers["content-type"].startswith("text/event-stream")
        *events, done, rest = self.body.decode("ascii").split("\n\n")
        assert (done, rest) == ("data: [DONE]", "")
        return [json.loads(event.removeprefix("data: ")) for event in events if not event.startswith(":")]


class Server:
    """``riverrun serve`` in a process of its own, on a port that was free."""

    def __init__(self, folder: Path, *arguments: object, environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_path = folder / "access.log"
        self._errors = folder / "errors.log"
        command = [sys.executable, "-m", "riverrun.cli.main", "serve", *map(str, arguments)]
        if "--port" not in arguments:
            command += ["--port", "0"]
        with open(self.log_path, "wb") as log, open(self._errors, "wb") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                env=os.environ | (environment or {}),
            )
        self.port = 0

    def wait_until_ready(self, **headers: str) -> "Server":
        """Until it says where it is, and every model is loaded."""
        until(lambda: self.complaint.endswith("\n") or self.process.poll() is not None)
        found = re.search(r"http://(\S+):(\d+)\n", self.complaint)
        assert found, self.complaint
        self.port = int(found.group(2))
        until(lambda: self.get("/ready", **headers).status == 200)
        return self

    @property
    def complaint(self) -> str:
        """What stands on its standard error."""
        return self._errors.read_text()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Lines of the access log."""
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, None, **headers)

    def post(self, path: str, content: Any, **headers: str) -> Answer:
        """Send a value as JSON, or bytes as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.request("POST", path, body, **headers)

    def complete(self, **fields: Any) -> Answer:
        return self.post("/v1/completions", {"model": "model", **fields})

    def request(self, method: str, path: str, body: bytes | None, **headers: str) -> Answer:
        """One request on a connection of its own; ``content_type`` stands for ``content-type``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, path, body, named)
            return Answer(connection.getresponse())

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def say(self, *parts: bytes) -> bytes:
        """What the server answers to bytes on a fresh connection, until it closes or is silent for a second."""
        with self.connect() as connection:
            for part in parts:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(part)
            connection.settimeout(1.0)
            return received(connection)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's values with these labels."""
        total = 0.0
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(f"{name}{{") and all(
                f'{key}="{value}"' in line for key, value in labels.items()
            ):
                total += float(line.rpartition(" ")[2])
        return total

    def is_quiet(self) -> bool:
        """Nothing is computed: no symbol was written within a quarter of a second, and nothing waits."""
        before = self.metric("riverrun_symbols_total")
        time.sleep(0.25)
        return self.metric("riverrun_symbols_total") == before and not self.metric("riverrun_waiting")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(TIMEOUT)


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes or falls silent."""
    parts = []
    with contextlib.suppress(TimeoutError, ConnectionError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def post_bytes(path: str, content: Any, *headers: str) -> bytes:
    """A request as it goes over the wire."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def until(condition: Callable[[], Any], seconds: float = TIMEOUT) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@contextlib.contextmanager
def running(folder: Path, *arguments: object) -> Iterator[Server]:
    """A server that is ready, and stopped afterwards."""
    with started(folder, *arguments) as server:
        yield server.wait_until_ready()


@contextlib.contextmanager
def started(folder: Path, *arguments: object) -> Iterator[Server]:
    """A server that may not become one, and is stopped afterwards."""
    server = Server(folder, *arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
