"""Writes one section of ``benchmarks/RESULTS.md``; the others stay as they are."""

import datetime
import os
import platform
import re
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def machine() -> str:
    """The processor, its cores and its operating system, without the machine's name."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found.group(1) if found else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def write_section(name: str, title: str, command: str, body: str) -> None:
    """Replace or append the section between ``<!-- name -->`` and ``<!-- /name -->``."""
    heading = f"## {title}\n\n{datetime.date.today()}, {machine()}; repeat with `{command}`\n\n"
    section = f"<!-- {name} -->\n{heading}{body.strip()}\n<!-- /{name} -->\n"
    before = RESULTS.read_text() if RESULTS.exists() else "# Results\n\nMeasured, not expected.\n"
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->\n", re.DOTALL)
    after = pattern.sub(lambda _: section, before) if pattern.search(before) else f"{before}\n{section}"
    RESULTS.write_text(after)
    print(section)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
