"""Real clients against a running server, in an environment of their own: llm, litellm, LangChain, openai, lm-eval.

    python -m venv clients && clients/bin/pip install openai llm litellm langchain-openai langchain-community
    clients/bin/python benchmarks/serving_clients.py http://127.0.0.1:8000 MODEL
    python -m venv judge && judge/bin/pip install 'lm_eval[api]'
    judge/bin/python benchmarks/serving_clients.py http://127.0.0.1:8000 MODEL --only lm-eval

Prints one line a client; those whose package is missing are named. lm-eval's log-likelihoods, in a task that is made
here, are compared with ``/v1/score`` (and with ``riverrun score`` where ``--scores`` has it) to 1e-4.
``serving_with_clients.py`` does all of it.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

PROMPT, SYMBOLS, SEED = "the ", 40, 1
SCORES: list[float] = []
"""Log-likelihoods of TEXTS by ``riverrun score``, where they were given."""

TEXTS = ["the spirit of an age", "a river that runs where it will", "we call it ours; see 42 or 7!"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--only", choices=list(CLIENTS))
    parser.add_argument("--scores", metavar="FILE", help="nats of each of TEXTS as riverrun score gives them")
    options = parser.parse_args()
    if options.scores:
        SCORES.extend(-nats for nats in json.loads(Path(options.scores).read_text()))
    os.environ["OPENAI_API_KEY"] = "none"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch one
    expected = post(
        f"{options.url}/v1/completions",
        {"model": options.model, "prompt": PROMPT, "max_tokens": SYMBOLS, "seed": SEED},
    )["choices"][0]["text"]
    for name, (package, run) in CLIENTS.items():
        if options.only in (None, name):
            if importlib.util.find_spec(package) is None:
                print(f"{name}: not installed here")
            else:
                version = importlib.metadata.version(package.replace("_", "-"))
                print(f"{name} {version}: {run(options.url, options.model, expected)}")


def post(url: str, body: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def with_openai(url: str, model: str, expected: str) -> str:
    import openai

    client = openai.OpenAI(base_url=f"{url}/v1")
    stream = client.completions.create(model=model, prompt=PROMPT, max_tokens=SYMBOLS, seed=SEED, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == expected
    answer = client.completions.create(
        model=model, prompt=PROMPT, max_tokens=SYMBOLS, seed=SEED, n=2, logprobs=3
    )
    assert answer.choices[0].text == expected
    try:
        client.completions.create(model=model, prompt=PROMPT, max_tokens=10**9)
    except openai.BadRequestError as error:
        return f"stream, n, logprobs and an error ({error.param}) as expected"
    raise AssertionError("no error")


def with_llm(url: str, model: str, expected: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        models = [{"model_id": "ours", "model_name": model, "api_base": f"{url}/v1", "completion": True}]
        Path(folder, "extra-openai-models.yaml").write_text(json.dumps(models))
        command = [sys.executable, "-m", "llm", "-m", "ours", PROMPT, "-o", "max_tokens", str(SYMBOLS)]
        environment = os.environ | {"LLM_USER_PATH": folder}
        done = subprocess.run(
            [*command, "-o", "seed", str(SEED)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.rstrip("\n") == expected.rstrip("\n"), (done.stdout, expected)
        subprocess.run([*command, "--no-stream"], env=environment, check=True, capture_output=True)
    return "streamed and whole, through its extra-openai-models.yaml"


def with_litellm(url: str, model: str, expected: str) -> str:
    import litellm

    fields = {"api_base": f"{url}/v1", "max_tokens": SYMBOLS, "seed": SEED}
    whole = litellm.text_completion(model=f"text-completion-openai/{model}", prompt=PROMPT, **fields)
    assert whole.choices[0].text == expected
    messages = [{"role": "user", "content": PROMPT}]
    chat = litellm.completion(model=f"openai/{model}", messages=messages, **fields)
    assert chat.choices[0].message.content == expected
    stream = litellm.completion(model=f"openai/{model}", messages=messages, stream=True, **fields)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == expected
    return "completions, chats and streams of chats"


def with_langchain(url: str, model: str, expected: str) -> str:
    from langchain_openai import OpenAI

    client = OpenAI(model=model, base_url=f"{url}/v1", max_tokens=SYMBOLS, seed=SEED, temperature=0.8)
    assert client.invoke(PROMPT) == expected
    assert "".join(client.stream(PROMPT)) == expected
    found = client.generate([PROMPT] * 25)
    assert [each[0].text for each in found.generations] == [expected] * 25
    return f"invoke, stream and 25 prompts at once ({found.llm_output['token_usage']['total_tokens']} tokens)"


def with_lm_eval(url: str, model: str, expected: str) -> str:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    with tempfile.TemporaryDirectory() as folder:
        write_tasks(Path(folder))
        results = simple_evaluate(
            model="local-completions",
            model_args={"base_url": f"{url}/v1/completions", "model": model},
            tasks=["ours_whole", "ours_choice"],
            task_manager=TaskManager(include_path=folder, include_defaults=False),
            log_samples=True,
            batch_size=2,
        )
    assert results is not None
    whole = sorted(results["samples"]["ours_whole"], key=lambda sample: sample["doc_id"])
    found = [first(sample["resps"]) for sample in whole]
    wanted = SCORES or [
        -math.log(2) * sum(token["surprisal_bits"] for token in each["token_scores"])
        for each in post(f"{url}/v1/score", {"model": model, "input": TEXTS})["data"]
    ]
    worst = max(abs(a - b) for a, b in zip(found, wanted, strict=True))
    assert worst < 1e-4, (found, wanted)
    right = results["results"]["ours_choice"]["acc,none"]
    source = "riverrun score" if SCORES else "/v1/score"
    return f"a task made here: log-likelihoods as {source}, to {worst:.1e}; {right:.0%} of its choices right"


def write_tasks(folder: Path) -> None:
    """Two tasks over TEXTS: the likelihood of each, and which of two ends it has."""
    docs = [
        {"whole": text, "begin": text[:12], "ends": [text[12:], text[:11:-1]], "right": 0} for text in TEXTS
    ]
    (folder / "ours.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
    common = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / "ours.jsonl")}}}
    common |= {"test_split": "test", "target_delimiter": ""}
    whole = {
        "task": "ours_whole",
        "output_type": "loglikelihood_rolling",
        "doc_to_text": "",
        "doc_to_target": "{{whole}}",
    }
    whole["metric_list"] = [{"metric": "bits_per_byte"}]
    choice = {
        "task": "ours_choice",
        "output_type": "multiple_choice",
        "doc_to_text": "{{begin}}",
        "doc_to_target": "right",
    }
    choice |= {"doc_to_choice": "ends", "metric_list": [{"metric": "acc"}]}
    for task in (whole, choice):
        (folder / f"{task['task']}.yaml").write_text(json.dumps({**common, **task}))


def first(answer: Any) -> float:
    """The number in nested lists."""
    return first(answer[0]) if isinstance(answer, list | tuple) else float(answer)


CLIENTS = {
    "openai": ("openai", with_openai),
    "llm": ("llm", with_llm),
    "litellm": ("litellm", with_litellm),
    "langchain": ("langchain_openai", with_langchain),
    "lm-eval": ("lm_eval", with_lm_eval),
}


if __name__ == "__main__":
    main()
