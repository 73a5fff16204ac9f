"""Law 3 at the server: what one request gets never depends on what else the server is doing."""

import random
import threading
import warnings

import pytest

import riverrun
import tiny
import tiny_server
from riverrun.text import START


@pytest.fixture(scope="module")
def server(trained, tmp_path_factory):
    with tiny_server.running(
        tmp_path_factory.mktemp("law"), trained, "--max-batch", "40", "--max-choices", "40"
    ) as server:
        yield server


def requests(count: int, seed: int) -> list[dict]:
    """Requests of every kind and length."""
    draw = random.Random(seed)
    return [
        {
            "prompt": draw.choice(["the ", "", "a river that runs where it will " * draw.randint(1, 30)]),
            "max_tokens": draw.choice([1, 2, 7, 30, 200, 1500]),
            "seed": draw.randint(0, 9),
            "n": draw.choice([1, 1, 1, 2, 5]),
            "temperature": draw.choice([0, 0.5, 1.2]),
            "top_k": draw.choice([0, 0, 5]),
            "repetition_penalty": draw.choice([1, 1, 1.3]),
            "stream": draw.random() < 0.5,
            **draw.choice([{}, {}, {"logprobs": 2}, {"echo": True}]),
        }
        for _ in range(count)
    ]


def texts(server: tiny_server.Server, fields: dict) -> list[str]:
    answer = server.complete(**fields)
    assert answer.status == 200, answer.body
    found = [""] * fields["n"]
    for event in answer.events if fields["stream"] else [answer.json]:
        for choice in event["choices"]:
            found[choice["index"]] += choice["text"]
    return found


def test_a_crowd_gets_what_each_would_get_alone(server, trained):
    asked = requests(60, seed=3)
    found: dict[int, list[str]] = {}
    turns = iter(range(len(asked)))
    lock = threading.Lock()

    def client() -> None:
        while True:
            with lock:
                number = next(turns, None)
            if number is None:
                return
            found[number] = texts(server, asked[number])

    clients = [threading.Thread(target=client) for _ in range(20)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(tiny_server.TIMEOUT)
    model = riverrun.load(trained)
    for number, fields in enumerate(asked):
        sampling = {name: fields[name] for name in ("temperature", "top_k", "repetition_penalty")}
        samples = model.samples(
            fields["prompt"], fields["max_tokens"], n=fields["n"], seed=fields["seed"], **sampling
        )
        before = fields["prompt"] if fields.get("echo") else ""
        assert found[number] == [before + sample.text for sample in samples], fields


@pytest.fixture(scope="module")
def units(corpus, tmp_path_factory):
    """Models of units that are more than a character, or less, and a server of all of them."""
    folder = tmp_path_factory.mktemp("units")
    (folder / "bytes.txt").write_text("é€ü🙂 " * 500, encoding="utf-8")
    kinds = {
        "byte": (folder / "bytes.txt", {}),
        "bpe": (corpus, {"text__max_vocabulary": 300}),
        "word": (corpus, {"text__min_count": 1}),
        "windows": (corpus, {"data__reading": "windows", "data__window": 8}),
    }
    for name, (text, more) in kinds.items():
        unit = "char" if name == "windows" else name
        more = {"text__unit": unit, "budget__steps": 30, "training__learning_rate": 0.03, **more}
        tiny.train(text, folder / name, **more)
    with tiny_server.running(folder / "log", *(folder / name for name in kinds)) as server:
        yield server, {name: riverrun.load(folder / name) for name in kinds}


@pytest.mark.parametrize("unit", ["byte", "bpe", "word", "windows"])
def test_characters_are_whole_and_prompts_are_gone_on_with(units, unit):
    """A prompt that ends inside a symbol is read as the command reads it, whatever else is asked for."""
    server, models = units
    prompts = ["é", "🙂 "] if unit == "byte" else ["the riv", "the ", "", "the spirit of an ag"]
    draw = random.Random(unit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "riv" is no word of the text
        for prompt in prompts:
            for length in [1, 2, 3, 40]:
                fields = {"n": 4, "seed": draw.randint(0, 99), "temperature": draw.choice([0.0, 0.8, 1.5])}
                samples = models[unit].samples(prompt, length, **fields)
                plain = {"model": unit, "prompt": prompt, "max_tokens": length, "stream": False, **fields}
                for more in ({}, {"logprobs": 2}, {"stream": True}, {"echo": True, "logprobs": 0}):
                    before = prompt if more.get("echo") else ""
                    found = texts(server, plain | more)
                    assert found == [before + sample.text for sample in samples], (plain, more)
                assert not any("\ufffd" in text for text in found)


@pytest.mark.parametrize(("unit", "prompt"), [("bpe", "the "), ("word", "the riv")])
def test_a_symbol_that_goes_on_after_the_prompt_is_told_as_the_model_sees_it(units, unit, prompt):
    server, models = units
    model = models[unit]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids = model.tokenizer.encode(prompt).tolist()
    kept, tail, longer = model.prompts.overhang(ids)
    expected = {}  # log-probabilities of each longer symbol, in the places of the tail where it may stand
    for place, symbols in enumerate(longer):
        read = [START, *kept, *tail[:place]]
        for symbol in symbols.tolist():
            scores, _ = model.decoder.score(read, [*read[1:], symbol], model.decoder.initial_state())
            expected.setdefault(model.tokenizer.decode([symbol]), []).append(-scores.surprisal[-1])
    fields = {"model": unit, "prompt": prompt, "max_tokens": 3, "n": 20, "seed": 1, "logprobs": 0}
    told = [choice["logprobs"] for choice in server.complete(**fields).json["choices"]]
    healed = [each for each in told if each["tokens"][0] in expected]
    assert healed
    for each in healed:
        assert each["text_offset"][0] == 0
        assert min(abs(each["token_logprobs"][0] - log) for log in expected[each["tokens"][0]]) < 1e-5
