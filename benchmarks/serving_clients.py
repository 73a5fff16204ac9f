"""Real clients against a running server, in an environment of their own: llm, litellm, LangChain, openai, lm-eval.

    python -m venv clients && clients/bin/pip install openai llm litellm langchain-openai langchain-community
    clients/bin/python benchmarks/serving_clients.py http://127.0.0.1:8000 MODEL
    python -m venv judge && judge/bin/pip install 'lm_eval[api]'
    judge/bin/python benchmarks/serving_clients.py http://127.0.0.1:8000 MODEL --only lm-eval

Prints one line a client; those whose package is missing are named. lm-eval's log-likelihoods are compared with
``/v1/score``, which is what ``riverrun score`` says, to 1e-4.
"""

import argparse
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
TEXTS = ["the spirit of an age", "a river that runs where it will", "we call it ours; see 42 or 7!"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--only", choices=list(CLIENTS))
    options = parser.parse_args()
    os.environ["OPENAI_API_KEY"] = "none"
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
                print(f"{name}: {run(options.url, options.model, expected)}")


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
    from lm_eval.api.instance import Instance
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    judge = LocalCompletionsAPI(base_url=f"{url}/v1/completions", model=model, batch_size=2)
    assert judge.tokenizer_backend == "remote"
    scores = post(f"{url}/v1/score", {"model": model, "input": TEXTS})["data"]
    wanted = [
        -math.log(2) * sum(token["surprisal_bits"] for token in each["token_scores"]) for each in scores
    ]
    requests = [Instance("loglikelihood", {}, ("", text), n) for n, text in enumerate(TEXTS)]
    found = [log for log, _ in judge.loglikelihood(requests)]
    rolling = judge.loglikelihood_rolling(
        [Instance("loglikelihood_rolling", {}, (text,), n) for n, text in enumerate(TEXTS)]
    )
    worst = max(abs(a - b) for a, b in zip([*found, *rolling], [*wanted, *wanted], strict=True))
    assert worst < 1e-4, (found, rolling, wanted)
    split = [Instance("loglikelihood", {}, (text[:9], text[9:]), n) for n, text in enumerate(TEXTS)]
    assert all(log < 0 for log, _ in judge.loglikelihood(split))
    written = judge.generate_until(
        [Instance("generate_until", {}, (PROMPT, {"until": ["\n"], "max_gen_toks": 20}), 0)]
    )
    return f"log-likelihoods as riverrun score, to {worst:.1e}; generated {written[0][:20]!r}"


CLIENTS = {
    "openai": ("openai", with_openai),
    "llm": ("llm", with_llm),
    "litellm": ("litellm", with_litellm),
    "langchain": ("langchain_openai", with_langchain),
    "lm-eval": ("lm_eval", with_lm_eval),
}


if __name__ == "__main__":
    main()
