"""Log-probabilities, usage and headers in the words of the completions API."""

import json
from collections.abc import Sequence
from typing import Any

from riverrun.server.passages import Likelihoods

_MOST_IN_HEADER = 500  # characters


def completion_logprobs(entries: Sequence[Likelihoods], names: Sequence[str], base: int) -> dict[str, Any]:
    """As ``/v1/completions`` gives them; offsets count from ``base``.

    The symbol that stands there is always among the alternatives, with the identical number.
    """
    top: list[dict[str, float] | None] = []
    for entry in entries:
        if entry.log is None:
            top.append(None)
        else:
            others = {names[symbol]: log for symbol, log in entry.others}
            top.append({**others, names[entry.symbol]: entry.log})
    return {
        "tokens": [names[entry.symbol] for entry in entries],
        "token_logprobs": [entry.log for entry in entries],
        "top_logprobs": top,
        "text_offset": [base + entry.offset for entry in entries],
    }


def chat_logprobs(entries: Sequence[Likelihoods], names: Sequence[str]) -> dict[str, Any]:
    """As ``/v1/chat/completions`` gives them."""

    def told(symbol: int, log: float | None) -> dict[str, Any]:
        return {"token": names[symbol], "logprob": log, "bytes": list(names[symbol].encode())}

    content = [
        told(entry.symbol, entry.log) | {"top_logprobs": [told(symbol, log) for symbol, log in entry.others]}
        for entry in entries
    ]
    return {"content": content, "refusal": None}


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """Symbols read and written."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def warning_headers(warnings: Sequence[str]) -> dict[str, str]:
    """The warnings in a header, as a JSON text: a header holds ASCII only."""
    if not warnings:
        return {}
    return {"x-riverrun-warnings": json.dumps("; ".join(warnings)[:_MOST_IN_HEADER])}


def with_warnings(answer: dict[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    """The answer, with a field for warnings if there are any."""
    return answer | {"warnings": list(warnings)} if warnings else answer
