"""``/v1/chat/completions``: the thin adapter."""

import pytest


def ask(server, **fields):
    answer = server.post(
        "/v1/chat/completions", {"messages": [{"role": "user", "content": "the "}], **fields}
    )
    assert answer.status == 200, answer.body
    return answer


def test_messages_are_joined_plainly(server, model):
    messages = [
        {"role": "system", "content": "the spirit"},
        {"role": "user", "content": [{"type": "text", "text": "of "}, {"type": "text", "text": "an "}]},
    ]
    answer = ask(server, messages=messages, max_completion_tokens=40, seed=1).json
    assert answer["object"] == "chat.completion"
    (choice,) = answer["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": model.generate("the spirit\nof an ", 40, seed=1),
        "refusal": None,
    }
    assert choice["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 17 + 40


def test_a_stream(server, model):
    options = {"include_usage": True}
    events = ask(server, max_tokens=40, seed=1, n=2, stream=True, stream_options=options).events
    texts = ["", ""]
    for event in events[:-1]:
        assert event["object"] == "chat.completion.chunk"
        texts[event["choices"][0]["index"]] += event["choices"][0]["delta"].get("content", "")
    assert texts == [sample.text for sample in model.samples("the ", 40, n=2, seed=1)]
    assert events[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] == 80


def test_logprobs(server):
    content = ask(server, max_tokens=5, logprobs=True, top_logprobs=2).json["choices"][0]["logprobs"][
        "content"
    ]
    assert len(content) == 5
    for entry in content:
        assert bytes(entry["bytes"]).decode() == entry["token"]
        assert len(entry["top_logprobs"]) == 2
        assert entry["top_logprobs"][0]["logprob"] >= entry["top_logprobs"][1]["logprob"]
    assert (
        ask(server, max_tokens=5, logprobs=True).json["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        == []
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": []},
        {"messages": "the"},
        {"messages": [{"content": "the"}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc"}}]}
            ]
        },
        {"messages": [{"role": "user", "content": 5}]},
        {"top_logprobs": 2},
        {"logprobs": 2},
    ],
    ids=str,
)
def test_what_it_refuses(server, fields):
    answer = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], **fields})
    assert answer.status == 400
    assert answer.error["param"] != ""


def test_a_translator_translates_the_last_message(both):
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "bad"}]
    expected = both.post("/v1/translate", {"input": "bad"}).json["data"][0]["outputs"][0]["text"]
    answer = both.post("/v1/chat/completions", {"model": "phones", "messages": messages, "temperature": 0})
    assert answer.json["choices"][0]["message"]["content"] == expected
    assert answer.json["choices"][0]["finish_reason"] == "stop"
    fields = {"model": "phones", "messages": messages, "stream": True}
    events = both.post("/v1/chat/completions", fields).events
    assert "".join(event["choices"][0]["delta"].get("content", "") for event in events) == expected
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
