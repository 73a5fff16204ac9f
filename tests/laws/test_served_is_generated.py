"""Law 3 at the server: what one request gets never depends on what else the server is doing."""

import random
import threading

import pytest

import riverrun
import tiny_server


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
