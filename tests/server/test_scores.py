"""``/v1/score``, ``/tokenize`` and their like: what ``riverrun score`` says, over HTTP."""

import numpy as np
import pytest


def test_scores_are_those_of_the_command(server, model):
    texts = ["the spirit of an age", "", "a", "the river " * 300]
    answer = server.post("/v1/score", {"model": "model", "input": texts}).json
    assert [each["index"] for each in answer["data"]] == [0, 1, 2, 3]
    for text, found in zip(texts, answer["data"], strict=True):
        if not text:
            assert found["token_scores"] == []
            continue
        expected = model.score(text).to_dict()
        assert set(found) == set(expected) | {"index"}
        for name, value in expected.items():
            if name != "token_scores":
                assert found[name] == pytest.approx(value, abs=1e-6)
        assert [each["text"] for each in found["token_scores"]] == [
            each["text"] for each in expected["token_scores"]
        ]
        np.testing.assert_allclose(
            [each["surprisal_bits"] for each in found["token_scores"]],
            [each["surprisal_bits"] for each in expected["token_scores"]],
            atol=1e-6,
        )
    assert answer["usage"]["prompt_tokens"] == 20 + 1 + 3000


def test_unseen_symbols_are_named(server):
    answer = server.post("/v1/score", {"input": "é"})
    assert "'é'" in answer.json["warnings"][0]
    assert answer.json["data"][0]["unknown_share"] == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"input": 5}, {"input": [1]}, {"input": ["a"] * 300}, {"input": "a" * 200_000}],
    ids=lambda body: str(body)[:30],
)
def test_what_it_refuses(server, body):
    assert server.post("/v1/score", body).status == 400


def test_text_to_ids_and_back(server, model):
    text = "the spirit\nof an age"
    found = server.post("/tokenize", {"prompt": text, "add_special_tokens": False}).json
    assert found == {"tokens": model.tokenizer.encode(text).tolist(), "count": len(text)}
    assert server.post("/detokenize", {"tokens": found["tokens"]}).json == {"prompt": text}
    opened = server.post("/tokenize", {"prompt": text, "add_special_tokens": True}).json["tokens"]
    assert opened == [1, *found["tokens"]]
    assert server.post("/detokenize", {"tokens": opened}).json == {"prompt": text}


def test_the_start_symbol_has_an_id_that_is_not_zero(server):
    """lm-eval asks for the id of the end token's name, and puts it before prompts."""
    info = server.get("/tokenizer_info").json
    assert server.post("/tokenize", {"prompt": info["eos_token"]}).json["tokens"] == [1]
    assert info["vocab_size"] == max(1, info["vocab_size"])
    assert server.get("/tokenizer_info?model=model").json == info
    assert server.get("/tokenizer_info?model=other").status == 404


def test_a_model_that_refuses_unseen_symbols(corpus, tmp_path):
    import tiny
    import tiny_server

    tiny.train(corpus, tmp_path / "model", text__unknown="refuse", budget__steps=2)
    with tiny_server.running(tmp_path / "log", tmp_path / "model") as server:
        for path, body in (
            ("/v1/completions", {"prompt": "é"}),
            ("/v1/score", {"input": "é"}),
            ("/tokenize", {"prompt": "é"}),
        ):
            answer = server.post(path, body)
            assert answer.status == 400
            assert "'é'" in answer.error["message"]
