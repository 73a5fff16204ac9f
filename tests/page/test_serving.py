"""The server of the page: a fixed table of paths, one name, this machine only."""

import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from riverrun.cli.main import main
from riverrun.page.serving import PageServer, names, page_files
from riverrun.page.single_file import FOLDER


def get(server: PageServer, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """One request, its path sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, dict(answer.getheaders())


def test_everything_the_page_needs_is_there_and_self_contained(server: PageServer):
    for path in page_files():
        status, body, headers = get(server, "/" + path.relative_to(FOLDER).as_posix())
        assert (status, body) == (200, path.read_bytes())
        assert headers["Content-Type"] in ("text/javascript; charset=utf-8", "text/css; charset=utf-8")
    status, body, headers = get(server, "/")
    assert status == 200
    assert b"<title>riverrun</title>" in body
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/app/../../../errors.py",
        "/app/%2e%2e/%2e%2e/errors.py",
        "/app/..%5c..%5cerrors.py",
        "//etc/passwd",
        "/etc/passwd",
        "/app",
        "/app/",
        "/models/99",
        "/models/-1",
        "/serving.py",
        "/app/main.js%00.css",
        "http://elsewhere.example/etc/passwd",
    ],
)
def test_no_other_path_leads_anywhere(server: PageServer, path: str):
    status, body, _ = get(server, path, Host=f"127.0.0.1:{server.port}")
    assert (status, body) == (404, b"nothing is there\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "evil.example:{port}", ""]
)
def test_it_answers_to_its_own_address_only(server: PageServer, host: str):
    assert get(server, "/", Host=host.format(port=server.port))[0] == 403


def test_it_answers_to_both_its_names(server: PageServer):
    for host in ("127.0.0.1", "localhost"):
        assert get(server, "/models.json", Host=f"{host}:{server.port}")[0] == 200


def test_nothing_can_be_sent(server: PageServer):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        request = urllib.request.Request(f"{server.url}models.json", b"{}", method=method)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        assert caught.value.code == 501
        caught.value.close()


def test_models_are_listed_by_different_names(server: PageServer):
    listed = json.loads(get(server, "/models.json")[1])
    assert [each["path"] for each in listed] == ["models/0", "models/1"]
    assert names([Path("a/x"), Path("b/x"), Path("y")]) == ["a/x", "b/x", "y"]


def test_a_port_in_use_is_one_sentence(river: Path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["play", str(river), "--no-browser", "--port", str(port)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"riverrun: port {port} cannot be used")
    assert err.count("\n") == 1
    assert main(["play", str(river), "--no-browser", "--port", "70000"]) == 2
    assert capsys.readouterr().err.startswith("riverrun: port 70000 cannot be used")


def test_the_command_serves_until_it_is_interrupted(river: Path):
    import signal

    command = [sys.executable, "-m", "riverrun.cli.main", "play", str(river), "--no-browser"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if (
        os.name == "posix"
    ):  # where tests run in the background of a shell, they and their children ignore Ctrl-C
        pipes["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}models.json", timeout=10) as answer:
            assert json.load(answer)[0]["name"] == river.name
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
