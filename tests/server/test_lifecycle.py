"""Starting, draining and ending; who may use the server; several processes."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import tiny_server
from riverrun.bundle import manifest
from riverrun.cli.main import main
from tiny_server import post_bytes

ENDLESS = ["--max-tokens", "1000000000", "--max-symbols", "1000000000"]


@pytest.fixture
def complaint(capsys, monkeypatch):
    """Starts a server that cannot start; returns its one line."""
    monkeypatch.setattr("warnings.showwarning", None)

    def run(*arguments: object) -> str:
        code = main(["serve", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert (code, out) == (2, ""), err
        assert err.count("\n") == 1, err
        return err

    return run


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "keys"
    path.write_text("first-key\n\nsecond-key\n")
    path.chmod(0o600)
    return path


class TestWhatStandsInTheWay:
    def test_a_damaged_model_is_named(self, complaint, trained, tmp_path):
        damaged = shutil.copytree(trained, tmp_path / "damaged")
        with open(damaged / "model.safetensors", "r+b") as file:
            file.seek(100)
            file.write(b"\x00\x01\x02")
        assert "damaged" in complaint(trained, damaged)
        assert str(tmp_path / "none") in complaint(trained, tmp_path / "none")

    def test_two_models_of_one_name(self, complaint, trained):
        line = complaint(trained, trained)
        assert "two models are named model" in line
        assert "model-2=" in line

    def test_a_port_in_use(self, complaint, server, trained):
        assert f"port {server.port} of 127.0.0.1 is in use" in complaint(trained, "--port", server.port)

    @pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may open every port")
    def test_a_port_for_the_system(self, complaint, trained):
        assert "may not be opened" in complaint(trained, "--port", 1)

    def test_no_permission_is_one_line(self, complaint, trained, monkeypatch):
        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(socket.socket, "bind", refuse)
        assert "may not be opened by this user" in complaint(trained, "--port", 80)

    def test_ports_and_hosts_that_are_none(self, complaint, trained):
        assert "give 0" in complaint(trained, "--port", 70000)
        assert "no such address" in complaint(trained, "--host", "192.0.2.1", "--without-key")
        assert "no such address" in complaint(trained, "--host", "no.such.host.invalid", "--without-key")

    def test_an_address_for_others_needs_a_key(self, complaint, trained):
        for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
            assert "--api-key-file" in complaint(trained, "--host", host)

    def test_key_files(self, complaint, trained, key_file, tmp_path):
        key_file.chmod(0o644)
        assert "chmod 600" in complaint(trained, "--api-key-file", key_file)
        assert "cannot be read" in complaint(trained, "--api-key-file", tmp_path / "none")
        for content in ("", "\n\n", "a key", "schl\u00fcssel"):
            key_file.write_text(content, encoding="utf-8")
            key_file.chmod(0o600)
            complaint(trained, "--api-key-file", key_file)

    def test_bounds(self, complaint, trained):
        assert "--max-tokens = 0" in complaint(trained, "--max-tokens", 0)
        assert "--max-batch" in complaint(trained, "--max-batch", 5)
        assert "--workers" in complaint(trained, "--workers", 0)


def as_password(key: str) -> str:
    """What a browser sends once somebody has given it a key."""
    return "Basic " + base64.b64encode(f"anybody:{key}".encode()).decode()


class TestKeys:
    def test_all_but_health_is_behind_them(self, trained, key_file, tmp_path):
        with tiny_server.started(tmp_path / "log", trained, "--api-key-file", key_file) as server:
            server.wait_until_ready(authorization="Bearer first-key")
            for path in ("/v1/models", "/ready", "/metrics", "/openapi.json", "/tokenizer_info", "/nothing"):
                answer = server.get(path)
                assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
                assert answer.headers["www-authenticate"] == 'Basic realm="riverrun"'
            assert server.get("/health").status == 200
            for wrong in (
                "Bearer",
                "Bearer ",
                "Bearer first",
                "Bearer first-keyy",
                "Basic first-key",
                "first-key",
                "Bearer \xff",
                "Basic",
                "Basic \xff",
                as_password(""),
                as_password("first-ke"),
                "Basic " + base64.b64encode(b"first-key").decode(),
            ):
                assert server.get("/v1/models", authorization=wrong).status == 401
            for right in ("Bearer first-key", "bearer second-key", as_password("first-key")):
                assert server.get("/v1/models", authorization=right).status == 200
            assert server.complete(prompt="a").status == 401
            asked = {"model": "model", "prompt": "a"}
            computing = server.post("/v1/completions", asked, authorization=as_password("first-key"))
            assert (computing.status, computing.headers["www-authenticate"]) == (401, "Bearer")
            assert "first-key" not in server.log_path.read_text()


class TestTheEnd:
    def test_running_requests_end_new_ones_are_refused(self, trained, tmp_path):
        bounds = ["--max-tokens", "30000000", "--max-symbols", "30000000"]
        with (
            tiny_server.running(tmp_path, trained, *bounds) as server,
            server.connect() as running,
            server.connect() as kept,
        ):
            running.sendall(
                post_bytes("/v1/completions", {"prompt": "a", "max_tokens": 600_000, "stream": True})
            )
            stream = running.makefile("rb")
            assert b" 200 " in stream.readline()
            server.process.send_signal(signal.SIGTERM)
            refusals = []

            def ask() -> None:
                while server.process.poll() is None and not refusals:
                    try:
                        answer = server.complete(prompt="a", max_tokens=1)
                    except OSError:
                        return
                    if answer.status == 503:
                        refusals.append(answer)

            asking = threading.Thread(target=ask)
            asking.start()
            assert stream.read().endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
            asking.join(tiny_server.TIMEOUT)
            assert server.process.wait(tiny_server.TIMEOUT) == 0
            assert refusals[0].error["code"] == "stopping"
            assert refusals[0].headers["retry-after"]
            assert refusals[0].headers["connection"] == "close"
            assert kept.recv(100) == b""

    def test_only_up_to_a_deadline(self, trained, tmp_path):
        with (
            tiny_server.running(tmp_path, trained, *ENDLESS, "--max-drain", "0.3") as server,
            server.connect() as running,
        ):
            fields = {"prompt": "a", "max_tokens": 900_000_000, "stream": True}
            running.sendall(post_bytes("/v1/completions", fields))
            assert running.recv(100)
            assert server.stop() == 0
            rest = tiny_server.received(running)
            assert b'"code":"stopping"' in rest
            assert b"data: [DONE]" in rest

    def test_a_second_signal_does_not_wait(self, trained, tmp_path):
        with tiny_server.running(tmp_path, trained, *ENDLESS) as server, server.connect() as running:
            running.sendall(
                post_bytes("/v1/completions", {"prompt": "a", "max_tokens": 900_000_000, "stream": True})
            )
            assert running.recv(100)
            server.process.send_signal(signal.SIGTERM)
            tiny_server.until(lambda: server.get("/ready").status == 503)
            assert server.stop(signal.SIGINT) == 0

    def test_an_idle_one_ends_at_once(self, trained, tmp_path):
        with tiny_server.running(tmp_path, trained) as server:
            assert server.stop(signal.SIGINT) == 0
            assert server.complaint.count("\n") == 1


class TestWorkers:
    def test_several_processes_serve_one_port(self, trained, tmp_path, model):
        with tiny_server.running(tmp_path, trained, "--workers", "2") as server:
            expected = model.generate("the ", 50, seed=1)
            for _ in range(6):
                answer = server.complete(prompt="the ", max_tokens=50, seed=1)
                assert answer.json["choices"][0]["text"] == expected
            tiny_server.until(lambda: server.metric("riverrun_requests_total", route="/v1/completions") == 6)
            assert server.stop() == 0

    def test_one_that_dies_is_replaced(self, trained, tmp_path):
        with tiny_server.running(tmp_path, trained, "--workers", "2") as server:
            children = children_of(server.process.pid)
            assert len(children) == 2
            os.kill(children[0], signal.SIGKILL)
            tiny_server.until(lambda: len(set(children_of(server.process.pid)) - set(children)) == 1)
            assert "another takes its place" in server.complaint
            assert server.stop() == 0
            assert not any(map(is_alive, children))

    def test_they_end_with_the_one_that_started_them(self, trained, tmp_path):
        """Killed by the system, for memory say: nobody must be left who holds the port."""
        with tiny_server.running(tmp_path, trained, "--workers", 2) as server:
            server.process.kill()
            server.process.wait()

            def is_free() -> bool:
                with socket.socket() as other:
                    return other.connect_ex(("127.0.0.1", server.port)) != 0

            tiny_server.until(is_free)

    def test_one_that_cannot_start_ends_all(self):
        code = (
            "from riverrun.server.workers import Supervisor; raise SystemExit(Supervisor(lambda: 2).run(2))"
        )
        done = subprocess.run([sys.executable, "-c", code], timeout=tiny_server.TIMEOUT, check=False)
        assert done.returncode == 2


class TestNetworksThatCannotBeBuilt:
    def test_are_not_served(self, translated, tmp_path, complaint):
        """Weights that do not fit the settings."""
        broken = shutil.copytree(translated, tmp_path / "broken")
        config = (broken / "config.toml").read_text().replace("hidden = 16", "hidden = 12")
        (broken / "config.toml").write_text(config)
        _sign(broken)
        assert "broken" in complaint(broken)

    def test_end_the_server(self, translated, tmp_path):
        """What is found only when the model's thread makes it ready."""
        broken = shutil.copytree(translated, tmp_path / "broken")
        _sign(broken, target_lengths={"per_source": 1.0})
        with tiny_server.started(tmp_path / "log", broken) as server:
            assert server.process.wait(tiny_server.TIMEOUT) == 2
            assert "its target_lengths cannot be read" in server.complaint


def _sign(directory, **facts: object) -> None:
    """Make the manifest agree with the files, and say something else of the model."""
    document = json.loads((directory / "manifest.json").read_text())
    files = {name: (directory / name).read_bytes() for name in document["files"]}
    signed = manifest.manifest_of(files, document["facts"] | facts)
    (directory / "manifest.json").write_bytes(signed.to_json())


def children_of(process: int) -> list[int]:
    with open(f"/proc/{process}/task/{process}/children") as file:
        return [int(child) for child in file.read().split()]


def is_alive(process: int) -> bool:
    time.sleep(0.05)
    return os.path.exists(f"/proc/{process}")


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_a_server_of_a_language_model_is_small_and_has_no_torch(trained, model, tmp_path):
    _ = model.decoder  # machine code is there: compiling it takes memory that is not given back
    with tiny_server.running(tmp_path, trained) as server:
        assert server.complete(prompt="the ", max_tokens=100).status == 200
        with open(f"/proc/{server.process.pid}/maps") as file:
            assert "libtorch" not in file.read()
        with open(f"/proc/{server.process.pid}/status") as file:
            kilobytes = {
                line.split()[0]: int(line.split()[1])
                for line in file
                if line.startswith(("VmRSS", "RssFile"))
            }
    # Of its own, without libraries: how much of these is in memory depends on what the system has read of them.
    assert kilobytes["VmRSS:"] - kilobytes["RssFile:"] < 90 * 1024
