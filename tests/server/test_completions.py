"""``/v1/completions``: what clients of the completions API rely on."""

import json
import math

import numpy as np
import pytest

import riverrun
from riverrun.generation.sampling import Sampling
from riverrun.text import START


@pytest.fixture
def ask(server):
    """Asks for a completion; returns the answer's JSON."""

    def ask(**fields):
        answer = server.complete(**fields)
        assert answer.status == 200, answer.body
        return answer.json

    return ask


@pytest.fixture
def text(ask):
    """Asks for a completion; returns the text of its first choice."""
    return lambda **fields: ask(**fields)["choices"][0]["text"]


def test_the_shape_of_an_answer(ask):
    answer = ask(prompt="the ", max_tokens=5, seed=1)
    assert set(answer) == {"id", "object", "created", "model", "choices", "usage"}
    assert answer["id"].startswith("cmpl-")
    assert (answer["object"], answer["model"]) == ("text_completion", "model")
    (choice,) = answer["choices"]
    assert set(choice) == {"index", "text", "logprobs", "finish_reason"}
    assert (choice["index"], choice["logprobs"], choice["finish_reason"]) == (0, None, "length")
    assert len(choice["text"]) == 5
    assert answer["usage"] == {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0},
        {"temperature": 1.3, "top_p": 0.8},
        {"top_k": 3},
        {"min_p": 0.1, "repetition_penalty": 1.3},
        {"typical_p": 0.6, "repetition_window": 5, "repetition_penalty": 1.2},
        {"uniform": True},
    ],
    ids=str,
)
def test_the_text_is_that_of_generate(text, model, settings):
    expected = model.generate("the ", 120, seed=7, **settings)
    assert text(prompt="the ", max_tokens=120, seed=7, **settings) == expected


def test_four_hundred_symbols_unless_said_otherwise(text, model):
    assert text(prompt="", seed=3) == model.generate("", seed=3)


def test_without_a_seed_equal_prompts_go_different_ways(ask):
    choices = ask(prompt=["the ", "the "], max_tokens=40)["choices"]
    assert choices[0]["text"] != choices[1]["text"]


def test_choices_come_prompt_by_prompt(ask, model):
    choices = ask(prompt=["the ", "a r", ""], n=2, max_tokens=20, seed=5)["choices"]
    assert [choice["index"] for choice in choices] == list(range(6))
    expected = [sample.text for p in ("the ", "a r", "") for sample in model.samples(p, 20, n=2, seed=5)]
    assert [choice["text"] for choice in choices] == expected


def test_stop_texts(ask, model):
    whole = model.generate("the ", 200, seed=2)
    stop = whole[30:33]
    for given in (stop, [stop], ["\x00", stop]):
        answer = ask(prompt="the ", max_tokens=200, seed=2, stop=given)
        choice = answer["choices"][0]
        assert choice["text"] == whole[: whole.index(stop)]
        assert choice["finish_reason"] == "stop"
        assert answer["usage"]["completion_tokens"] == whole.index(stop) + len(stop)


def test_stop_in_a_stream_is_never_shown(server, model):
    whole = model.generate("the ", 300, seed=2)
    stop = whole[100:104]
    events = server.complete(prompt="the ", max_tokens=300, seed=2, stop=stop, stream=True).events
    text = "".join(event["choices"][0]["text"] for event in events)
    assert text == whole[: whole.index(stop)]
    assert [event["choices"][0]["finish_reason"] for event in events][-1] == "stop"


def test_neutral_values_change_nothing(ask):
    """What LangChain sends for all that nobody asked for."""
    neutral = {
        "logit_bias": {},
        "seed": 4,
        "logprobs": None,
        "n": 1,
        "best_of": 1,
        "top_p": 1,
        "suffix": None,
    }
    neutral |= {"presence_penalty": 0, "frequency_penalty": 0.0, "stop": None, "user": "me", "echo": False}
    assert (
        ask(prompt="the ", max_tokens=9, **neutral)["choices"]
        == ask(prompt="the ", max_tokens=9, seed=4)["choices"]
    )


def test_a_model_may_be_left_out_where_there_is_one(server):
    assert server.post("/v1/completions", {"prompt": "the ", "max_tokens": 1}).json["model"] == "model"


class TestStream:
    def test_chunks_make_the_whole_and_end_in_order(self, server, model):
        fields = {"prompt": "the ", "max_tokens": 90, "seed": 1, "stream": True}
        answer = server.complete(**fields)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in answer.headers
        events = answer.events
        assert all(len(event["choices"]) == 1 for event in events)
        text = "".join(event["choices"][0]["text"] for event in events)
        assert text == model.generate("the ", 90, seed=1)
        reasons = [event["choices"][0]["finish_reason"] for event in events]
        assert reasons == [None] * (len(events) - 1) + ["length"]
        assert len({event["id"] for event in events}) == 1
        assert not any("usage" in event for event in events)

    def test_usage_only_when_asked_for_and_last(self, server):
        options = {"include_usage": True}
        events = server.complete(prompt="the ", max_tokens=9, stream=True, stream_options=options).events
        assert all(event["usage"] is None for event in events[:-1])
        assert events[-1]["choices"] == []
        assert events[-1]["usage"] == {"prompt_tokens": 4, "completion_tokens": 9, "total_tokens": 13}

    def test_several_choices_and_prompts_at_once(self, server, model):
        events = server.complete(
            prompt=["the ", "a"], n=2, max_tokens=30, seed=1, stream=True, echo=True
        ).events
        texts = [""] * 4
        for event in events:
            texts[event["choices"][0]["index"]] += event["choices"][0]["text"]
        expected = [p + sample.text for p in ("the ", "a") for sample in model.samples(p, 30, n=2, seed=1)]
        assert texts == expected

    def test_logprobs_are_those_of_the_whole_answer(self, server):
        fields = {"prompt": "the ", "max_tokens": 40, "seed": 1, "logprobs": 3, "echo": True}
        whole = server.complete(**fields).json["choices"][0]["logprobs"]
        events = server.complete(**fields, stream=True).events
        parts = [e["choices"][0]["logprobs"] for e in events if e["choices"][0]["logprobs"]]
        for name in whole:
            assert [entry for part in parts for entry in part[name]] == whole[name]


class TestLogprobs:
    def test_they_are_log_softmax_whatever_the_temperature(self, ask, model):
        answer = ask(prompt="the ", max_tokens=30, temperature=0.3, logprobs=5, seed=1)
        told = answer["choices"][0]["logprobs"]
        ids = [START, *model.tokenizer.encode("the " + answer["choices"][0]["text"]).tolist()]
        scores, _ = model.decoder.score(np.array(ids[:-1]), np.array(ids[1:]), model.decoder.initial_state())
        np.testing.assert_allclose(told["token_logprobs"], -scores.surprisal[4:], atol=1e-5)
        assert told["text_offset"] == list(range(30))
        for token, log, top in zip(told["tokens"], told["token_logprobs"], told["top_logprobs"], strict=True):
            assert top[token] == log
            assert len(top) in (5, 6)
            assert sum(map(math.exp, top.values())) <= 1 + 1e-6

    def test_asking_for_them_does_not_change_the_text(self, text):
        assert text(prompt="a", max_tokens=200, seed=9, logprobs=2) == text(
            prompt="a", max_tokens=200, seed=9
        )

    def test_what_lm_eval_relies_on(self, ask, model):
        """Prompts of ids, echoed and scored, one symbol written: prompt + 1 entries, the first of nothing."""
        ids = model.tokenizer.encode("the spirit of an age").tolist()
        fields = {"temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": True}
        answer = ask(prompt=[ids, ids[:1], [START, *ids]], **fields)
        for choice, given in zip(answer["choices"], [ids, ids[:1], [START, *ids]], strict=True):
            told = choice["logprobs"]
            assert {len(told[name]) for name in told} == {len(given) + 1}
            assert told["token_logprobs"][0] is None
            assert told["top_logprobs"][0] is None
            for token, log, top in list(zip(*(told[name] for name in list(told)[:3]), strict=True))[1:]:
                assert top[token] == log
        with_start = answer["choices"][2]["logprobs"]["token_logprobs"][1:-1]
        bits = [token.surprisal_bits for token in model.score("the spirit of an age").token_scores]
        np.testing.assert_allclose(with_start, [-each * math.log(2) for each in bits], atol=1e-5)
        without = answer["choices"][0]["logprobs"]["token_logprobs"][1:-1]
        scores, _ = model.decoder.score(np.array(ids[:-1]), np.array(ids[1:]), model.decoder.initial_state())
        np.testing.assert_allclose(without, -scores.surprisal, atol=1e-5)

    def test_the_greedy_symbol_is_the_best_of_the_alternatives(self, ask):
        told = ask(prompt="the ", max_tokens=50, temperature=0, logprobs=1)["choices"][0]["logprobs"]
        for log, top in zip(told["token_logprobs"], told["top_logprobs"], strict=True):
            best = {name: value for name, value in top.items() if not name.startswith("<|")}
            assert log == max(best.values())

    def test_special_symbols_have_names_of_their_own(self, ask, model):
        size = model.tokenizer.size
        top = ask(prompt="the ", max_tokens=1, logprobs=20)["choices"][0]["logprobs"]["top_logprobs"][0]
        assert len(top) in (20, 21)
        everything = {}
        for prompt in range(size):
            told = ask(prompt=[prompt], max_tokens=0, echo=True, logprobs=0)["choices"][0]["logprobs"]
            everything[prompt] = told["tokens"][0]
        assert len(set(everything.values())) == size
        assert (everything[0], everything[1]) == ("<|unknown|>", "<|start|>")

    def test_none_after_a_stop_text(self, ask, model):
        whole = model.generate("the ", 60, seed=2)
        stop = whole[20:22]
        choice = ask(prompt="the ", max_tokens=60, seed=2, stop=stop, logprobs=0)["choices"][0]
        assert "".join(choice["logprobs"]["tokens"]) == choice["text"] == whole[: whole.index(stop)]


def test_echo_alone(ask):
    assert ask(prompt="the ", max_tokens=0, echo=True)["choices"][0]["text"] == "the "


def test_best_of_keeps_the_likeliest(ask, model):
    fields = {"prompt": "the ", "max_tokens": 12, "seed": 3}
    everything = ask(**fields, n=8, logprobs=0)["choices"]
    means = [np.mean(choice["logprobs"]["token_logprobs"]) for choice in everything]
    order = sorted(range(8), key=lambda k: -means[k])
    answer = ask(**fields, n=3, best_of=8)
    assert [choice["text"] for choice in answer["choices"]] == [everything[k]["text"] for k in order[:3]]
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert answer["usage"]["completion_tokens"] == 8 * 12


def test_logit_bias(ask, model):
    (a,) = model.tokenizer.encode("a").tolist()
    assert ask(prompt="the ", max_tokens=30, logit_bias={a: 100})["choices"][0]["text"] == "a" * 30
    free = ask(prompt="the ", max_tokens=100, seed=1)["choices"][0]["text"]
    banned = ask(prompt="the ", max_tokens=100, seed=1, logit_bias={str(a): -100})["choices"][0]["text"]
    assert "a" in free
    assert "a" not in banned
    assert ask(prompt="the ", max_tokens=100, seed=1, logit_bias={a: 0})["choices"][0]["text"] == free


def test_logit_bias_with_logprobs_tells_what_the_model_thinks(ask, model):
    (a,) = model.tokenizer.encode("a").tolist()
    told = ask(prompt="the ", max_tokens=3, logit_bias={a: 100}, logprobs=0)["choices"][0]["logprobs"]
    ids = [START, *model.tokenizer.encode("the aaa").tolist()]
    scores, _ = model.decoder.score(np.array(ids[:-1]), np.array(ids[1:]), model.decoder.initial_state())
    np.testing.assert_allclose(told["token_logprobs"], -scores.surprisal[4:], atol=1e-5)


def test_a_prompt_of_ids_is_read_as_it_is(ask, model):
    ids = model.tokenizer.encode("the ").tolist()
    answer = ask(prompt=[START, *ids], max_tokens=30, seed=1)
    assert answer["choices"][0]["text"] == model.generate("the ", 30, seed=1)
    assert answer["usage"]["prompt_tokens"] == 5
    assert ask(prompt=[], max_tokens=30, seed=1)["choices"][0]["text"] == model.generate("", 30, seed=1)
    assert ask(prompt=[[], ids], max_tokens=3)["choices"][1]["index"] == 1


def test_unseen_symbols_are_named_in_a_field_and_a_header(server):
    answer = server.complete(prompt="the é", max_tokens=3)
    assert "read as <unknown>: 'é'" in answer.json["warnings"][0]
    assert "<unknown>" in json.loads(answer.headers["x-riverrun-warnings"])
    stream = server.complete(prompt="the é", max_tokens=3, stream=True)
    assert "<unknown>" in json.loads(stream.headers["x-riverrun-warnings"])
    assert stream.events[-1]["warnings"] == answer.json["warnings"]


def test_answers_are_ascii_whatever_they_hold(server):
    answer = server.complete(prompt="\u2028\u0085é", max_tokens=0, echo=True)
    assert answer.body.isascii()
    assert answer.json["choices"][0]["text"] == "\u2028\u0085é"
    assert server.complete(prompt="\u2028", max_tokens=1, echo=True, stream=True).body.isascii()


def test_sampling_settings_out_of_range_are_all_refused(server):
    for name in ("temperature", "top_p", "min_p", "typical_p", "repetition_penalty", "top_k"):
        answer = server.complete(prompt="", **{name: -1})
        assert (answer.status, answer.error["param"]) == (400, name)
    assert Sampling() == Sampling(temperature=0.8)  # what is written without any of them


def test_bytes_and_half_characters(tmp_path, tmp_path_factory):
    """A model of bytes: characters are never split, partial ones have names."""
    import tiny
    import tiny_server

    corpus = tmp_path / "text.txt"
    corpus.write_text("é€ü " * 500)
    tiny.train(corpus, tmp_path / "model", text__unit="byte", budget__steps=60, training__learning_rate=0.02)
    loaded = riverrun.load(tmp_path / "model")
    expected = loaded.generate("é", 200, seed=1)
    with tiny_server.running(tmp_path / "log", tmp_path / "model") as server:
        events = server.complete(prompt="é", max_tokens=200, seed=1, stream=True).events
        assert "".join(event["choices"][0]["text"] for event in events) == expected
        told = server.complete(prompt="é", max_tokens=200, seed=1, logprobs=1).json["choices"][0]
        assert told["text"] == expected
        assert len(told["logprobs"]["tokens"]) == 200
        assert any(name.startswith("<|") for name in told["logprobs"]["tokens"])
