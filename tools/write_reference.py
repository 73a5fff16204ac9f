"""Writes docs/reference/: the README as the first page, every command's help, and what Python offers."""

import contextlib
import io
import os
import re
from pathlib import Path

from riverrun.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"

PYTHON = """# Python

::: riverrun.api
    options:
      members: [train, load, load_language_model, load_translator]

## Trained models

::: riverrun.language_model
    options:
      members: true
      show_root_heading: false

::: riverrun.translator
    options:
      members: true
      show_root_heading: false

## What happens in a run

::: riverrun.training.events
    options:
      show_root_heading: false

## Errors

::: riverrun.errors
    options:
      show_root_heading: false

## Settings

::: riverrun.config.settings
    options:
      show_root_heading: false
"""


def commands() -> str:
    """Every command's help, a section each."""
    os.environ["COLUMNS"] = "100"
    parts = ["# Commands\n\nOptions stand anywhere among the other arguments.\n"]
    for name, about in COMMANDS.items():
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            main([name, "--help-all" if name == "train" else "--help"])
        parts.append(f"## {name}\n\n{about}\n\n```text\n{shown.getvalue().rstrip()}\n```\n")
    return "\n".join(parts)


def first_page() -> str:
    """The README, whose links are from the root of the checkout; what is not in docs/ is named only."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"\]\(docs/", "](../", text)
    return re.sub(r"\[([^]]*)\]\((?!\.\./|https?:|#)([^)]*)\)", r"\1 (`\2`)", text)


if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "readme.md").write_text(first_page(), encoding="utf-8")
    (REFERENCE / "commands.md").write_text(commands(), encoding="utf-8")
    (REFERENCE / "python.md").write_text(PYTHON, encoding="utf-8")
