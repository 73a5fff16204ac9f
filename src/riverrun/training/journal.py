"""The run's journal: one event a line in ``metrics.jsonl``, samples in ``samples.jsonl``."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from riverrun.errors import OutputError
from riverrun.training import events
from riverrun.training.planning import Plan

METRICS = "metrics.jsonl"
SAMPLES = "samples.jsonl"


class Journal:
    """Appends events; on a resume, first drops what came after the checkpoint, and that the run had stopped."""

    def __init__(self, folder: Path, after_step: int) -> None:
        self._folder = folder
        for name in (METRICS, SAMPLES):
            lines = read_lines(folder / name)
            self._replace(name, [x for x in lines if x["step"] <= after_step and x.get("event") != "stopped"])

    def write(self, event: events.Event) -> None:
        """Append one event; raises OutputError."""
        line = events.to_dict(event)
        if isinstance(event, events.Previewed):
            self._append(SAMPLES, line)
        else:
            self._append(METRICS, line)

    def samples(self) -> list[dict[str, Any]]:
        """All samples so far, oldest first."""
        return read_lines(self._folder / SAMPLES)

    def _append(self, name: str, line: dict[str, Any]) -> None:
        try:
            with open(self._folder / name, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OutputError(f"{self._folder / name} cannot be written: {error.strerror}") from error

    def _replace(self, name: str, lines: list[dict[str, Any]]) -> None:
        part = self._folder / f".{name}.part"
        try:
            part.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
            part.replace(self._folder / name)
        except OSError as error:
            raise OutputError(f"{self._folder / name} cannot be written: {error.strerror}") from error


def recorded_plans(folder: Path, after: int) -> dict[int, Plan]:
    """The plans that a run has made, by the step they hold from, ``after`` and later."""
    names = {each.name for each in fields(Plan)}
    return {
        line["step"]: Plan(**{name: line[name] for name in names})
        for line in read_lines(folder / METRICS)
        if line.get("event") == "planned" and line["step"] >= after and names <= line.keys()
    }


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Events of a JSONL file; a line that is damaged or was cut short by a kill is left out."""
    if not path.exists():
        return []
    found = []
    # Not splitlines(): a sample may hold U+2028 and its like, which end no line of JSONL.
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("step"), int):
            found.append(event)
    return found
