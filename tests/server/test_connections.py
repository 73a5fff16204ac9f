"""Connections that misbehave: slow, half, malformed, or gone."""

import contextlib
import json
import random
import socket
import struct
import time

import pytest

import tiny_server
from tiny_server import post_bytes

FOREVER = {"model": "model", "prompt": "the ", "max_tokens": 500_000_000}


def leave_abruptly(connection: socket.socket) -> None:
    """Close with a reset instead of a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class TestSlowSenders:
    @pytest.mark.parametrize(
        "start", [b"", b"GET /hea", b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n"]
    )
    def test_headers_that_do_not_come(self, endless, start):
        with endless.connect() as connection:
            connection.sendall(start)
            began = time.monotonic()
            assert connection.recv(1000) == b""
            assert 0.5 < time.monotonic() - began < 20

    def test_headers_one_byte_at_a_time(self, endless):
        with endless.connect() as connection, contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.05)
            pytest.fail("the server waited for ever")

    def test_a_body_that_does_not_come(self, endless):
        with endless.connect() as connection:
            connection.sendall(post_bytes("/v1/completions", FOREVER)[:-5])
            assert b" 408 " in connection.recv(1 << 16).split(b"\r\n")[0]

    def test_a_second_request_that_does_not_come(self, endless):
        with endless.connect() as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            while b"alive" not in connection.recv(1 << 16):
                pass
            connection.sendall(b"GET /")
            assert connection.recv(1000) == b""

    def test_more_connections_than_the_bound(self, endless):
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(endless.connect()) for _ in range(60)]
            time.sleep(0.2)
            answers = []
            for connection in connections[45:]:
                connection.settimeout(5)
                answers.append(tiny_server.received(connection))
            assert any(b" 503 " in answer and b"retry-after" in answer for answer in answers)
        tiny_server.until(lambda: self.answers(endless))

    def answers(self, server: tiny_server.Server) -> bool:
        try:
            return server.get("/health").status == 200
        except (OSError, http_error()):
            return False


def http_error() -> type[Exception]:
    import http.client

    return http.client.HTTPException


class TestMalformed:
    @pytest.mark.parametrize(
        "data",
        [
            b"\x00\x01\x02\x03\r\n\r\n",
            b"GET / HTTP/nine\r\n\r\n",
            b"GET /nothing HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a greeting of TLS
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
            b"POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            b"POST /v1/score HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
            b"POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\nXX",
            b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: localhost\r\nx y: z\r\n\r\n",
        ],
    )
    def test_is_answered_with_400_or_the_end(self, server, data):
        answer = server.say(data)
        assert not answer or b" 40" in answer.split(b"\r\n")[0]
        assert server.get("/health").status == 200

    def test_garbage_after_a_request(self, server):
        request = post_bytes("/v1/completions", {"prompt": "the ", "max_tokens": 3})
        answer = server.say(request + b"\x00garbage\r\n\r\n")
        assert b" 200 " in answer.split(b"\r\n")[0] or b" 400 " in answer.split(b"\r\n")[0]

    def test_requests_one_behind_the_other(self, server):
        request = post_bytes("/tokenize", {"prompt": "the "})
        assert server.say(request * 5).count(b'"count":4') == 5

    def test_an_upgrade_is_not_taken_up(self, server):
        answer = server.say(
            b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n"
        )
        assert b"alive" in answer

    def test_random_bytes(self, server):
        draw = random.Random(0)
        sound = post_bytes("/v1/completions", {"prompt": "the ", "max_tokens": 2})
        for _ in range(60):
            data = bytearray(sound)
            for _ in range(draw.randint(1, 6)):
                data[draw.randrange(len(data))] = draw.randrange(256)
            with server.connect() as connection:
                connection.sendall(data[: draw.randint(1, len(data))])
                connection.shutdown(socket.SHUT_WR)
                answer = tiny_server.received(connection)
            assert not answer or not answer.startswith(b"HTTP/1.1 5"), (data, answer)
        assert server.get("/health").status == 200


class TestDisconnects:
    """Work that goes on after its client has left."""

    def test_while_a_stream_is_written(self, endless):
        with endless.connect() as connection:
            connection.sendall(post_bytes("/v1/completions", {**FOREVER, "stream": True}))
            assert connection.recv(1 << 16)
        tiny_server.until(endless.is_quiet)

    def test_while_a_plain_answer_is_made(self, endless):
        with endless.connect() as connection:
            connection.sendall(post_bytes("/v1/completions", FOREVER))
            tiny_server.until(lambda: not endless.is_quiet())
        tiny_server.until(endless.is_quiet)

    def test_while_a_prompt_is_read(self, endless):
        before = endless.metric("riverrun_symbols_total", kind="read")
        prompts = ["the " * 25_000] * 9
        with endless.connect() as connection:
            connection.sendall(post_bytes("/v1/completions", {**FOREVER, "prompt": prompts}))
            tiny_server.until(lambda: endless.metric("riverrun_symbols_total", kind="read") > before)
        tiny_server.until(endless.is_quiet)

    def test_in_the_queue(self, endless):
        """The places are all taken; who waits and leaves is forgotten, and others are served."""
        first = [endless.connect() for _ in range(3)]
        for connection in first:
            connection.sendall(post_bytes("/v1/completions", {**FOREVER, "n": 60, "stream": True}))
        assert first[0].recv(1 << 16)
        for connection in first[1:]:
            leave_abruptly(connection)
        tiny_server.until(lambda: not endless.metric("riverrun_waiting"))
        leave_abruptly(first[0])
        tiny_server.until(endless.is_quiet)

    def test_of_a_client_that_reads_nothing(self, endless):
        """A stream nobody reads fills its buffers, no more; then the client goes."""
        with endless.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(post_bytes("/v1/completions", {**FOREVER, "stream": True}))
            time.sleep(0.3)
        tiny_server.until(endless.is_quiet)

    def test_five_hundred_at_random_moments(self, endless):
        """Queued, reading the prompt, writing, after the last byte: nothing is left of any of them."""
        draw = random.Random(1)
        tiny_server.until(endless.is_quiet)
        descriptors = endless.descriptors()
        for number in range(500):
            fields = {**FOREVER, "stream": draw.random() < 0.5, "n": draw.choice([1, 1, 3])}
            fields["max_tokens"] = draw.choice([1, 10, 500_000_000])
            fields["prompt"] = "the " * draw.choice([1, 1, 1, 5000])
            if number % 7 == 0:
                fields["logprobs"], fields["max_tokens"] = 2, 1000
            connection = endless.connect()
            data = post_bytes("/v1/completions", fields)
            connection.sendall(data[: draw.choice([len(data), len(data), draw.randrange(len(data))])])
            time.sleep(draw.choice([0, 0, 0, 0.001, 0.01]))
            if draw.random() < 0.2:
                connection.settimeout(0.02)
                with contextlib.suppress(TimeoutError, ConnectionError):
                    connection.recv(1 << 14)
            (leave_abruptly if draw.random() < 0.5 else socket.socket.close)(connection)
        tiny_server.until(endless.is_quiet)
        tiny_server.until(lambda: endless.descriptors() <= descriptors + 1)
        answer = endless.complete(prompt="the ", max_tokens=5, seed=1)
        assert answer.status == 200
        assert not any(line.get("event") == "failure" for line in endless.log)
        assert not any(line.get("status", 0) >= 500 and line["status"] != 503 for line in endless.log)


class TestTooMuchAtOnce:
    def test_the_queue_is_bounded(self, endless):
        """429 with Retry-After, and those who wait are not touched."""
        with contextlib.ExitStack() as stack:
            busy = [stack.enter_context(endless.connect()) for _ in range(2)]
            for connection in busy:
                connection.sendall(post_bytes("/v1/completions", {**FOREVER, "n": 90, "stream": True}))
            assert busy[0].recv(1 << 16)
            waiting = stack.enter_context(endless.connect())
            waiting.sendall(post_bytes("/v1/completions", {"prompt": ["a"] * 35, "max_tokens": 10}))
            tiny_server.until(lambda: endless.metric("riverrun_waiting") >= 30)
            answer = endless.complete(prompt=["a"] * 30, max_tokens=1)
            assert (answer.status, answer.error["type"]) == (429, "rate_limit_error")
            assert int(answer.headers["retry-after"]) >= 1
            for connection in busy:
                connection.close()
            reply = waiting.makefile("rb").readline()
            assert b" 200 " in reply
        tiny_server.until(endless.is_quiet)


def test_the_log_is_lines_of_json_without_texts(endless):
    endless.complete(prompt="zebra crossing", max_tokens=3, user="zebra", zebras=1)
    tiny_server.until(lambda: any("ignored" in line for line in endless.log))
    text = endless.log_path.read_text()
    assert "crossing" not in text
    line = next(line for line in reversed(endless.log) if "ignored" in line)
    assert set(line["ignored"]) == {"user", "zebras"}
    assert (line["read"], line["written"], line["outcome"]) == (14, 3, "answered")
    assert json.loads(text.splitlines()[0])["time"]
