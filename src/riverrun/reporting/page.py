"""Self-contained HTML pages: headings, tables, pictures and samples; no scripts, no outside files."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from riverrun.bundle.writing import writing
from riverrun.files import outgoing

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 Georgia, serif; max-width: 72em; margin: 2em auto; padding: 0 1em; color: #222; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .2em 1em .2em 0; text-align: left; vertical-align: top; }}
tr {{ border-bottom: 1px solid #ddd; }} img {{ max-width: 100%; }}
td.sample {{ font: 12px/1.4 ui-monospace, monospace; white-space: pre-wrap; min-width: 14em; max-width: 26em;
  overflow-wrap: anywhere; }}
.prompt {{ color: #999; }} .scroll {{ overflow-x: auto; }}
table.attention {{ font: 14px/1.3 system-ui, sans-serif; margin: .5rem 0 2rem; }} table.attention tr {{ border: 0; }}
.attention th {{ font-weight: 500; padding: .1rem .45rem; text-align: center; }}
.attention tbody th {{ text-align: right; }}
.attention td {{ width: 1.6rem; height: 1.6rem; border: 1px solid #eee; padding: 0; }}
</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""


def write(path: Path, title: str, parts: Iterable[str]) -> Path:
    """Write a page made of parts of HTML; raises OutputError."""
    content = _PAGE.format(title=html.escape(title), body="\n".join(parts))
    with writing(path):
        outgoing.write(path, content.encode("utf-8", "replace"))
    return path


def section(heading: str, *parts: str) -> str:
    return f"<h2>{html.escape(heading)}</h2>\n" + "\n".join(parts)


def paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


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
    """Samples as a grid: time goes down, temperature to the right, the seed text in grey.

    Args:
        samples: lines of ``samples.jsonl``.
        epochs: the epoch of each step at which the model was evaluated.
        most: rows at most; the first and the last are always shown, the others spread evenly.
    """
    steps = _some(sorted({sample["step"] for sample in samples}), most)
    labels = list(dict.fromkeys(sample["label"] for sample in samples))
    if not steps:
        return paragraph("This run wrote no samples.")
    cells = {(sample["step"], sample["label"]): _sample(sample) for sample in samples}
    head = "<th>step</th>" + "".join(f"<th>{html.escape(label)}</th>" for label in labels)
    body = "".join(
        f"<tr><td>{step:,}<br>{_epoch(epochs.get(step))}</td>"
        + "".join(f'<td class="sample">{cells.get((step, label), "")}</td>' for label in labels)
        + "</tr>"
        for step in steps
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


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
            repr(sample["text"]),
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


def _sample(sample: Mapping) -> str:
    prompt = html.escape(sample["prompt"])
    return f'<span class="prompt">{prompt}</span>{html.escape(sample["text"])}'


def _epoch(epoch: float | None) -> str:
    return "" if epoch is None else f"epoch {epoch:.3g}"
