"""Self-contained HTML pages: headings, tables, pictures and samples; no scripts, no outside files."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from riverrun.bundle.saving import telling_of_faults
from riverrun.files import outgoing
from riverrun.reporting.style import STYLE

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""


def write(path: Path, title: str, parts: Iterable[str]) -> Path:
    """Write a page made of parts of HTML; raises OutputError."""
    content = _PAGE.format(title=html.escape(title), style=STYLE, body="\n".join(parts))
    with telling_of_faults(path):
        outgoing.write(path, content.encode("utf-8", "replace"))
    return path


def section(heading: str, *parts: str) -> str:
    return f"<h2>{html.escape(heading)}</h2>\n" + "\n".join(parts)


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text; ``kind`` is a class of the style, such as ``lead`` or ``quiet``."""
    return f'<p class="{kind}">{html.escape(text)}</p>' if kind else f"<p>{html.escape(text)}</p>"


def quotation(text: str, prompt: str = "") -> str:
    """A sample, its prompt in grey."""
    return f'<blockquote><span class="prompt">{html.escape(prompt)}</span>{html.escape(text)}</blockquote>'


def folded(heading: str, *parts: str) -> str:
    """Parts that are shown when the heading is chosen."""
    return f"<details><summary>{html.escape(heading)}</summary>\n" + "\n".join(parts) + "</details>"


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of plain texts."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def picture(png: bytes, about: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<p><img alt="{html.escape(about)}" src="data:image/png;base64,{data}"></p>'


def samples_grid(samples: Sequence[Mapping], epochs: Mapping[int, float], most: int = 8) -> str:
    """Samples as cards: time goes down, temperature to the right (below each other on a phone), prompts in grey.

    Args:
        samples: lines of ``samples.jsonl``.
        epochs: the epoch of each step at which the model was evaluated.
        most: steps at most; the first and the last are always shown, the others spread evenly.
    """
    steps = _some(sorted({sample["step"] for sample in samples}), most)
    if not steps:
        return paragraph("This run wrote no samples.")
    parts = []
    for step in steps:
        cards = "".join(_card(sample) for sample in samples if sample["step"] == step)
        reached = ", ".join(filter(None, (f"step {step:,}", _epoch(epochs.get(step)))))
        parts.append(f'<h3>{reached}</h3><div class="cards">{cards}</div>')
    return "\n".join(parts)


def translations_by_step(samples: Sequence[Mapping], epochs: Mapping[int, float], most: int = 8) -> str:
    """Previews of a translator: what it made of some held-out pairs, at ``most`` steps at most."""
    if not samples:
        return paragraph("This run wrote no samples.")
    steps = _some(sorted({sample["step"] for sample in samples}), most)
    lines = [
        (
            f"{sample['step']:,}",
            _epoch(epochs.get(sample["step"])),
            sample["prompt"],
            sample["label"].removeprefix("wanted "),
            sample["text"],
        )
        for sample in samples
        if sample["step"] in steps
    ]
    return table(("step", "", "source", "wanted", "written"), lines)


def _some(steps: list[int], most: int) -> list[int]:
    """The first and the last, others spread evenly."""
    if len(steps) <= most:
        return steps
    return [steps[round(i * (len(steps) - 1) / (most - 1))] for i in range(most)]


def _card(sample: Mapping) -> str:
    prompt = f'<span class="prompt">{html.escape(sample["prompt"])}</span>'
    caption = f"<figcaption>{html.escape(sample['label'])}</figcaption>"
    return f'<figure class="sample">{caption}<div>{prompt}{html.escape(sample["text"])}</div></figure>'


def _epoch(epoch: float | None) -> str:
    return "" if epoch is None else f"epoch {epoch:.3g}"
