"""The run's journal: one event a line in ``metrics.jsonl``, samples in ``samples.jsonl``."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from riverrun.bundle.names import METRICS, SAMPLES
from riverrun.bundle.saving import telling_of_faults
from riverrun.files import incoming, json_text, outgoing, records
from riverrun.training import events
from riverrun.training.planning import Plan

LONGEST = 1 << 28
"""Bytes of a journal that are read, at most."""


class Journal:
    """Appends events; on a resume, first drops what came after the checkpoint, and that the run had stopped."""

    def __init__(self, folder: Path, after_step: int) -> None:
        """Go on with the journal in a directory; raises OutputError."""
        self._folder = folder
        for name in (METRICS, SAMPLES):
            with telling_of_faults(folder / name):
                lines = read_lines(folder / name)
                kept = [x for x in lines if x["step"] <= after_step and x.get("event") != "stopped"]
                outgoing.write(folder / name, "".join(map(_line, kept)).encode())

    def write(self, event: events.Event) -> None:
        """Append one event; raises OutputError."""
        path = self._folder / (SAMPLES if isinstance(event, events.Previewed) else METRICS)
        with telling_of_faults(path):
            outgoing.append(path, _line(events.to_dict(event)).encode("utf-8", "replace"))

    def samples(self) -> list[dict[str, Any]]:
        """All samples so far, oldest first."""
        return read_lines(self._folder / SAMPLES)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Events of a JSONL file; a line that is damaged, or was cut short by a kill, is left out.

    Raises:
        OSError: the file is a link, a device or too long, or cannot be read.
    """
    try:
        text = incoming.read(path, LONGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    # Not splitlines(): a sample may hold U+2028 and its like, which end no line of JSONL.
    found = map(_event, text.split("\n"))
    return [event for event in found if event is not None]


def recorded_plans(folder: Path, after: int) -> dict[int, Plan]:
    """The plans that a run has made, by the step they hold from, ``after`` and later."""
    names = {each.name for each in fields(Plan)}
    return {
        line["step"]: Plan(**{name: line[name] for name in names})
        for line in read_lines(folder / METRICS)
        if line.get("event") == "planned" and line["step"] >= after
    }


def _event(line: str) -> dict[str, Any] | None:
    """A line's event, if it is one: of a known kind, all fields of their types; of another, its step."""
    try:
        event = json_text.parse(line)
        json_text.field(event, "step", int)
        kind = _KINDS.get(str(event.get("event")))
        if kind is not None:
            records.read(kind, event)
    except ValueError:
        return None
    return event


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False) + "\n"


_KINDS = {kind.__name__.lower(): kind for kind in get_args(events.Event)}
