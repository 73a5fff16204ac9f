"""The model's own README: what it was trained on, how good it is, what it writes.

Whatever comes from a text, a file's name or a model is shown as it is: nothing of it is read as Markdown or HTML.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from riverrun.errors import visible


def model_card(name: str, facts: Mapping[str, Any], config: str, samples: Sequence[Mapping[str, Any]]) -> str:
    """Markdown for a model directory.

    Args:
        name: of the directory.
        facts: of its manifest.
        config: its ``config.toml``.
        samples: previews to show.
    """
    corpus = facts["corpus"]
    figures = {
        key.removeprefix("validation_").replace("_", " "): value
        for key, value in facts.items()
        if key.startswith("validation_") and isinstance(value, float)
    }
    measured = [f"- Held-out {label}: {value:.4f}" for label, value in figures.items()]
    lines = [
        f"# {quoted(name)}",
        "",
        f"A {facts['kind']} made with riverrun.",
        "",
        f"- Trained on: {quoted(corpus['name'])} ({corpus['characters']:,} characters, "
        f"sha256 {corpus['sha256'][:16]}...)",
        *(
            f"- Before that: {quoted(each.get('name', 'a model'))}, trained on {quoted(each.get('corpus', 'unknown'))}"
            for each in reversed(facts.get("lineage", []))
        ),
        f"- Training: {facts['steps']:,} steps in {facts['seconds']:.0f} s ({facts['reason']}); "
        f"weights of step {facts.get('best_step', facts['steps']):,}",
        *(measured or ["- Held-out text: not measured"]),
        *_adapted(facts),
        "",
        "## Samples",
        "",
        *(
            f"{quoted(sample['label'])}, after {quoted(sample['prompt'])}:\n\n{fenced(sample['text'])}\n"
            for sample in samples
        ),
        "## Settings",
        "",
        fenced(config.strip(), "toml"),
        "",
    ]
    return "\n".join(lines)


def _adapted(facts: Mapping[str, Any]) -> list[str]:
    """What it has read since."""
    if (since := facts.get("adapted")) is None:
        return []
    return [f"- Went on learning from: {quoted(since['name'])} ({since['characters']:,} characters)"]


def quoted(text: str) -> str:
    """One line of text as code, between more backticks than it holds in a row."""
    marks = "`" * (_longest_run(text) + 1)
    return f"{marks} {visible(text)} {marks}"


def fenced(text: str, language: str = "") -> str:
    """Text as a block of code, between fences longer than any that it holds."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
