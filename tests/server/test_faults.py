"""Every fault that other servers had (one row of a table each): what this one does instead."""

import json
import re
import time

import pytest

import tiny_server
from riverrun.server.limits import Limits

LIMITS = Limits()
DEEP = 100_000


def refused(answer: tiny_server.Answer, status: int = 400) -> dict:
    assert answer.status == status, answer.body
    return answer.error


class TestBoundsBeforeWork:
    """n, prompts, max_tokens and logprobs without bound."""

    @pytest.mark.parametrize(
        ("fields", "param"),
        [
            ({"max_tokens": LIMITS.tokens + 1}, "max_tokens"),
            ({"max_tokens": 1 << 62}, "max_tokens"),
            ({"n": LIMITS.choices + 1, "max_tokens": 1}, "n"),
            ({"best_of": 1 << 40, "max_tokens": 1}, "n"),
            ({"prompt": ["a"] * 1000, "max_tokens": 1}, "n"),
            ({"prompt": ["a"] * 40, "n": 4, "max_tokens": 1}, "n"),
            ({"n": LIMITS.choices, "max_tokens": LIMITS.tokens}, "max_tokens"),
            ({"logprobs": LIMITS.logprobs + 1}, "logprobs"),
            ({"logprobs": LIMITS.logprobs, "max_tokens": LIMITS.tokens}, "logprobs"),
            ({"prompt": "a" * LIMITS.positions, "n": 2, "echo": True}, "echo"),
            ({"stop": ["a"] * 17}, "stop"),
            ({"stop": "a" * 257}, "stop"),
            ({"logit_bias": {str(k): 1 for k in range(2000)}}, "logit_bias"),
        ],
        ids=str,
    )
    def test_too_much_is_refused_with_the_bound(self, server, fields, param):
        written = server.metric("riverrun_symbols_total")
        error = refused(server.complete(**{"prompt": "the ", **fields}))
        assert error["param"] == param
        assert re.search(r"\d", error["message"])
        assert server.metric("riverrun_symbols_total") == written

    def test_chats_have_the_same_bounds(self, server):
        message = {"messages": [{"role": "user", "content": "a"}]}
        for fields in (
            {"max_completion_tokens": 1 << 62},
            {"n": 129},
            {"logprobs": True, "top_logprobs": 21},
        ):
            refused(server.post("/v1/chat/completions", message | fields))

    def test_wall_time_of_a_request(self, trained, tmp_path):
        """What was written until then is the answer."""
        bounds = ["--max-seconds", "0.3", "--max-tokens", "1000000000", "--max-symbols", "1000000000"]
        with tiny_server.running(tmp_path, trained, *bounds) as server:
            answer = server.complete(prompt="the ", max_tokens=1_000_000_000)
            assert answer.json["choices"][0]["finish_reason"] == "length"
            assert "time" in answer.json["warnings"][0]
            events = server.complete(prompt="the ", max_tokens=1_000_000_000, stream=True).events
            assert events[-1]["choices"][0]["finish_reason"] == "length"
            tiny_server.until(server.is_quiet)


class TestIds:
    """Ids out of range and negative integers, which wrote into other requests' rows elsewhere."""

    @pytest.mark.parametrize("symbol", [-1, 10_000, 1 << 31, 1 << 64, -(1 << 63), 10**300])
    def test_of_prompts(self, server, model, symbol):
        for prompt in ([symbol], [[2], [2, symbol]]):
            assert f"0 to {model.tokenizer.size - 1}" in refused(server.complete(prompt=prompt))["message"]
        refused(server.post("/detokenize", {"tokens": [symbol]}))

    @pytest.mark.parametrize("symbol", [True, 1.0, None, "1", [1]])
    def test_that_are_no_integers(self, server, symbol):
        assert refused(server.complete(prompt=[2, symbol]))["param"] == "prompt"

    @pytest.mark.parametrize("name", ["-1", "999999", "1e1", "٣", "", " 1", "9" * 30])
    def test_of_biases(self, server, name):
        assert refused(server.complete(prompt="a", logit_bias={name: 1}))["param"] == "logit_bias"

    @pytest.mark.parametrize(
        "field", ["n", "best_of", "max_tokens", "logprobs", "top_k", "seed", "repetition_window"]
    )
    @pytest.mark.parametrize("value", [-(1 << 70), -1, 1 << 70, 1.5, "1", True, [], {}])
    def test_every_integer(self, server, field, value):
        if field == "seed" and value == -1:
            assert server.complete(prompt="a", max_tokens=1, seed=-1).status == 200
        else:
            refused(server.complete(prompt="a", **{field: value}))


class TestNumbersThatAreNone:
    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
    @pytest.mark.parametrize(
        "field", ["temperature", "top_p", "max_tokens", "presence_penalty", "repetition_penalty"]
    )
    def test_inward(self, server, field, value):
        refused(
            server.post("/v1/completions", b'{"prompt": "a", "%s": %s}' % (field.encode(), value.encode()))
        )

    def test_inward_in_a_bias(self, server):
        for value in (b"NaN", b"1e999", b"true", b'"1"'):
            refused(server.post("/v1/completions", b'{"prompt": "a", "logit_bias": {"3": %s}}' % value))

    @pytest.mark.parametrize("temperature", [0, 1e-300, 1e-9, 1e6])
    def test_outward(self, server, temperature):
        answer = server.complete(prompt="the ", max_tokens=5, temperature=temperature, logprobs=20, n=2)
        assert answer.status == 200
        json.loads(answer.body, parse_constant=lambda name: pytest.fail(name))


def test_no_patterns_grammars_templates_or_urls(server):
    """Fields that other servers compile, fetch or execute are ignored, and named in the log."""
    names = [
        "guided_regex",
        "grammar",
        "json_schema",
        "chat_template",
        "image_url",
        "tools",
        "response_format",
    ]
    answer = server.complete(prompt="the ", max_tokens=3, seed=1, **dict.fromkeys(names, "(a+)+$"))
    assert answer.json["choices"] == server.complete(prompt="the ", max_tokens=3, seed=1).json["choices"]
    tiny_server.until(lambda: any(set(line.get("ignored", [])) == set(names) for line in server.log))


class TestJson:
    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"prompt":[', b'{"prompt": "a", "x": ['])
    def test_of_any_depth(self, server, opening):
        refused(server.post("/v1/completions", (opening * DEEP)[: LIMITS.body]))
        refused(server.post("/v1/completions", opening * 1000))

    def test_deep_within_the_bound(self, server):
        body = b'{"prompt": "a", "max_tokens": 1, "x": ' + b"[" * 150 + b"]" * 150 + b"}"
        assert server.post("/v1/completions", body).status == 200
        refused(server.post("/v1/completions", b'{"prompt": ' + b"[" * 150 + b"]" * 150 + b"}"))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'"a"',
            b"1",
            b"\xff",
            b'{"prompt": "\xff"}',
            b'{"prompt": "\\ud800"}',
            b"{}{}",
        ],
    )
    def test_that_is_none(self, server, body):
        refused(server.post("/v1/completions", body))

    def test_long_numbers(self, server):
        refused(server.post("/v1/completions", b'{"prompt": "a", "n": ' + b"1" * 100_000 + b"}"))

    def test_messages_do_not_repeat_what_was_sent(self, server):
        error = refused(server.complete(prompt={"secret" * 1000: "x"}))
        assert len(error["message"]) < 300
        error = refused(server.post("/v1/completions", {"model": "\x1b[2J" + "m" * 200}), 404)
        assert error["message"].isprintable()


class TestBodies:
    def test_without_bound(self, server):
        assert refused(server.post("/v1/completions", b"x" * (LIMITS.body + 1)), 413)
        assert server.post("/v1/completions", b" " * LIMITS.body).status == 400

    def test_announced_but_not_sent(self, server):
        answer = server.say(
            b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: 99999999999999\r\n\r\n"
        )
        assert b" 413 " in answer.split(b"\r\n")[0]

    def test_in_chunks_without_end(self, server):
        head = b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        answer = server.say(head + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 200)
        assert not answer or b" 413 " in answer.split(b"\r\n")[0]
        assert server.get("/health").status == 200

    @pytest.mark.parametrize(
        "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
    )
    def test_of_other_kinds(self, server, kind):
        """Also what a form on a foreign page can send without asking first."""
        for path in ("/v1/completions", "/v1/score", "/tokenize", "/v1/translate", "/v1/chat/completions"):
            refused(server.post(path, b'{"prompt": "a"}', content_type=kind), 415)

    def test_json_with_a_charset_is_json(self, server):
        body = {"prompt": "a", "max_tokens": 1}
        assert (
            server.post("/v1/completions", body, content_type="Application/JSON; charset=utf-8").status == 200
        )

    def test_ranges_mean_nothing(self, server):
        ranges = "bytes=" + ",".join(f"{k}-" for k in range(5000))
        began = time.monotonic()
        assert server.get("/v1/models", range=ranges[:20000]).status == 200
        assert time.monotonic() - began < 10


class TestHeads:
    def test_without_bound(self, server):
        answer = server.say(
            b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n", *[b"x: " + b"y" * 1000 + b"\r\n"] * 100
        )
        assert not answer or b" 400 " in answer.split(b"\r\n")[0]
        answer = server.say(b"GET /" + b"a" * 100_000)
        assert not answer or b" 400 " in answer.split(b"\r\n")[0]
        assert server.get("/health").status == 200


class TestOrigins:
    """Any origin reflected, and names that a foreign page points at this machine."""

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "[", "10.0.0.1"]
    )
    def test_foreign_hosts(self, server, host):
        assert refused(server.get("/health", host=host), 403)["code"] == "foreign_host"

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:99", "[::1]:80"])
    def test_names_of_this_machine(self, server, host):
        assert server.get("/health", host=host).status == 200

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "", "http://["])
    def test_foreign_origins(self, server, origin):
        answer = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1}, origin=origin)
        assert refused(answer, 403)["code"] == "foreign_origin"
        assert "access-control-allow-origin" not in answer.headers

    def test_its_own_origin(self, server):
        here = f"127.0.0.1:{server.port}"
        assert server.get("/health", origin=f"http://{here}", host=here).status == 200

    def test_no_preflight_is_granted(self, server):
        headers = {"origin": "https://evil.example", "access_control_request_method": "POST"}
        answer = server.request("OPTIONS", "/v1/completions", None, **headers)
        assert not any(name.startswith("access-control") for name in answer.headers)

    def test_origins_on_request(self, trained, tmp_path):
        with tiny_server.running(tmp_path, trained, "--allow-origin", "https://good.example") as server:
            asked = {
                "access_control_request_method": "POST",
                "access_control_request_headers": "content-type",
            }
            answer = server.request(
                "OPTIONS", "/v1/completions", None, origin="https://good.example", **asked
            )
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == "https://good.example"
            answer = server.post("/tokenize", {"prompt": "a"}, origin="https://good.example")
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (
                200,
                "https://good.example",
            )
            assert refused(server.get("/health", origin="https://evil.example"), 403)


class TestNames:
    """A name is looked up among those given at the start: no path, no upload, nothing fetched."""

    @pytest.mark.parametrize(
        "name", ["../model", "/etc/passwd", "model/", ".", "", "http://x/y", "MODEL", "a\x00b"]
    )
    def test_that_are_paths(self, server, name):
        error = refused(server.post("/v1/completions", {"model": name, "prompt": "a"}), 404)
        assert (error["code"], error["param"]) == ("model_not_found", "model")

    def test_in_the_path_of_the_url(self, server):
        assert server.get("/v1/models/model").json["id"] == "model"
        for path in ("/v1/models/..%2f..%2fetc", "/v1/models/x", "/v1/models/%00", "/v1/models/%ff"):
            refused(server.get(path), 404)

    def test_routes_that_change_something_do_not_exist(self, server):
        for path in ("/v1/files", "/v1/models", "/models/load", "/slots/0", "/props", "/v1/embeddings"):
            assert server.post(path, {}).status in (404, 405)
        assert server.request("DELETE", "/v1/models/model", None).status == 405
        for path in ("/docs", "/redoc", "/../etc/passwd", "//", "/%2e%2e/x"):
            refused(server.get(path), 404)


def test_the_description_of_the_interface(server):
    document = server.get("/openapi.json").json
    assert {"/v1/completions", "/v1/score", "/tokenize", "/ready"} <= set(document["paths"])


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": None},
        {"prompt": 5},
        {"prompt": {"a": 1}},
        {"prompt": ["a", 1]},
        {"prompt": ["a", ["b"]]},
        {"suffix": "x"},
        {"best_of": 1, "n": 2},
        {"best_of": 2, "stream": True},
        {"stream_options": {"include_usage": True}},
        {"stream": "yes"},
        {"frequency_penalty": 1},
        {"stop": [1]},
        {"temperature": "0.5"},
        {"echo": 1},
        {"model": 5},
    ],
    ids=str,
)
def test_what_the_schema_refuses_is_a_400(server, fields):
    assert (
        refused(server.complete(**{"prompt": "a", "max_tokens": 1, **fields}))["type"]
        == "invalid_request_error"
    )
