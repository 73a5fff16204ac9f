"""The ``openai`` package, as programs use it. Other clients: ``benchmarks/tiny_server.py --only clients``."""

import pytest

openai = pytest.importorskip(
    "openai", reason="the client openai is not installed; it is of the dev dependencies"
)


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(
        base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0
    ) as client:
        yield client


def test_completions(client, model):
    answer = client.completions.create(
        model="model", prompt=["the ", "a"], n=2, max_tokens=20, seed=1, logprobs=2
    )
    expected = [sample.text for prompt in ("the ", "a") for sample in model.samples(prompt, 20, n=2, seed=1)]
    assert [choice.text for choice in answer.choices] == expected
    assert len(answer.choices[0].logprobs.top_logprobs[0]) in (2, 3)
    assert answer.usage.completion_tokens == 80


def test_a_stream(client, model):
    options = {"include_usage": True}
    stream = client.completions.create(
        model="model", prompt="the ", max_tokens=60, seed=1, stream=True, stream_options=options
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    assert text == model.generate("the ", 60, seed=1)
    assert chunks[-1].usage.completion_tokens == 60


def test_chats(client, model):
    messages = [{"role": "user", "content": "the "}]
    answer = client.chat.completions.create(model="model", messages=messages, max_tokens=20, seed=1)
    assert answer.choices[0].message.content == model.generate("the ", 20, seed=1)
    stream = client.chat.completions.create(
        model="model", messages=messages, max_tokens=20, seed=1, stream=True
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text == model.generate("the ", 20, seed=1)


def test_models(client):
    assert [each.id for each in client.models.list()] == ["model"]
    assert client.models.retrieve("model").owned_by == "riverrun"


def test_errors_are_of_the_right_class(client):
    with pytest.raises(openai.NotFoundError, match="there is no model"):
        client.completions.create(model="gpt", prompt="a")
    with pytest.raises(openai.BadRequestError, match="max_tokens") as caught:
        client.completions.create(model="model", prompt="a", max_tokens=10**9)
    assert caught.value.param == "max_tokens"
