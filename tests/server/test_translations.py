"""``/v1/translate``: outputs, log-probabilities, attention; what is asked of the wrong model."""

import threading

import pytest

import riverrun
import tiny_server


@pytest.fixture(scope="module")
def translator(translated):
    return riverrun.load(translated)


def ask(server, **fields):
    answer = server.post("/v1/translate", fields)
    assert answer.status == 200, answer.body
    return answer.json


def test_outputs_are_those_of_the_command(both, translator):
    texts = ["bad", "", "face", "a" * 12, " "]
    answer = ask(both, model="phones", input=texts, beam=3, n_best=2)
    expected = translator.translations(texts, beam=3, n_best=2)
    for found, each in zip(answer["data"], expected, strict=True):
        assert [output["text"] for output in found["outputs"]] == [output.text for output in each.outputs]
        for output, wanted in zip(found["outputs"], each.outputs, strict=True):
            assert output["log_probability"] == pytest.approx(wanted.log_probability, abs=1e-4)
    assert answer["data"][1] == {"index": 1, "source": "", "outputs": []}


def test_attention_sums_to_one(both):
    output = ask(both, input="bad", attention=True)["data"][0]["outputs"][0]
    looked = output["attention"]
    assert looked["source"] == ["b", "a", "d", ""]
    assert len(looked["weights"]) == len(looked["output"])
    for row in looked["weights"]:
        assert sum(row) == pytest.approx(1, abs=1e-4)


def test_many_at_once_get_their_own(both, translator):
    words = ["bad", "face", "dab", "a", "fade", "cab" * 4, "deaf", "x"] * 3
    found: dict[int, str] = {}

    def client(place: int) -> None:
        beam = 4 if place % 2 else 2
        answer = ask(both, model="phones", input=words[place], beam=beam)
        found[place] = answer["data"][0]["outputs"][0]["text"]

    clients = [threading.Thread(target=client, args=(place,)) for place in range(len(words))]
    for each in clients:
        each.start()
    for each in clients:
        each.join(tiny_server.TIMEOUT)
    for beam in (2, 4):
        expected = translator.translate(words, beam=beam)
        for place, word in enumerate(expected):
            if beam == (4 if place % 2 else 2):
                assert found[place] == word


def test_who_leaves_ends_the_search(both):
    """A search that nobody waits for any more stops at its next step."""
    before = both.metric("riverrun_requests_total", outcome="left")
    with both.connect() as connection:
        connection.sendall(
            tiny_server.post_bytes("/v1/translate", {"input": ["abcdef" * 150] * 50, "beam": 64})
        )
        tiny_server.until(lambda: both.metric("riverrun_batch_sequences_sum", model="phones") > 0)
    tiny_server.until(lambda: both.metric("riverrun_requests_total", outcome="left") > before)
    assert ask(both, input="bad")["data"][0]["outputs"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"input": 1},
        {"input": ["a"] * 257},
        {"input": "a" * 1001},
        {"input": "a", "beam": 0},
        {"input": "a", "beam": 65},
        {"input": "a", "beam": 2, "n_best": 3},
        {"input": "a", "length_penalty": -1},
        {"input": "a", "length_penalty": 1e300},
        {"input": ["a" * 1000] * 10, "attention": True},
        {"input": "a", "attention": 1},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_what_it_refuses(both, fields):
    answer = both.post("/v1/translate", fields)
    assert answer.status == 400, answer.body
    assert answer.error["type"] == "invalid_request_error"


def test_the_wrong_kind_of_model_is_a_404_with_a_hint(both):
    answer = both.post("/v1/completions", {"model": "phones", "prompt": "a"})
    assert answer.status == 404
    assert "/v1/translate" in answer.error["message"]
    for path in ("/v1/translate", "/v1/score"):
        name = "model" if path == "/v1/translate" else "phones"
        answer = both.post(path, {"model": name, "input": "a"})
        assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert "/v1/completions" in both.post("/v1/translate", {"model": "model", "input": "a"}).error["message"]


def test_unseen_symbols_are_named(both):
    assert "'z'" in ask(both, input="baz")["warnings"][0]


def test_models_are_listed_with_their_kind(both):
    kinds = {each["id"]: each["kind"] for each in both.get("/v1/models").json["data"]}
    assert kinds == {"model": "language model", "phones": "translator"}
