"""A page, its engine and a model in one HTML file that opens from the disk, without a server or a network."""

import base64
import hashlib
import html
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from riverrun.errors import InputError, OutputError
from riverrun.files import outgoing
from riverrun.page.joining import join
from riverrun.page.packing import Precision, engine_script, pack_model

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """What the page says of a model beside its own facts.

    Attributes:
        name: of the model.
        precision: in which its weights are kept.
        cost: what that costs, in a sentence; empty for nothing.
    """

    name: str
    precision: str
    cost: str = ""


def check_page_precision(precision: str) -> None:
    """Raises InputError for one that is not known."""
    if precision not in get_args(Precision):
        raise InputError(f"precision = {precision!r}: give one of {', '.join(get_args(Precision))}")


def check_target(target: Path) -> None:
    """Raises OutputError where no file of that name can be written."""
    if target.is_dir():
        raise OutputError(f"{target} is a directory: give the name of a file, such as {target / 'page.html'}")


def write_single_file(model: Path, target: Path, shown: Shown) -> int:
    """Write the file, whole or not at all; returns its size in bytes.

    Raises:
        ModelError: the model is damaged, newer, or too wide for a page.
        InputError: an unknown precision.
        OutputError: the file cannot be written; what was there before stays.
    """
    check_page_precision(shown.precision)
    check_target(target)
    content = single_file(pack_model(model, shown.precision), shown).encode("utf-8")
    try:
        outgoing.write(target, content)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror}") from error
    return len(content)


def single_file(packed: bytes, shown: Shown) -> str:
    """The HTML of a packed model."""
    style = (FOLDER / "app" / "page.css").read_text(encoding="utf-8")
    engine = engine_script()
    page = join(FOLDER / "app" / "main.js", {FOLDER / "engine" / "index.js": "globalThis.riverrunEngine"})
    policy = (
        "default-src 'none'; "
        f"script-src {_hash(engine)} {_hash(page)} 'wasm-unsafe-eval' blob:; worker-src blob:; "
        f"style-src {_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    about = html.escape(json.dumps(asdict(shown)), quote=True)
    data = base64.b64encode(packed).decode("ascii")
    document = (FOLDER / "app" / "index.html").read_text(encoding="utf-8")
    document = _replace(
        document,
        '<link rel="stylesheet" href="app/page.css">',
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy, quote=False)}">\n'
        f"<style>{style}</style>",
    )
    document = _replace(document, '<script type="module" src="app/main.js"></script>\n', "")
    scripts = (
        f'<script type="text/plain" id="packed" data-model="{about}">{data}</script>\n'
        f'<script id="engine">{engine}</script>\n<script>{page}</script>\n'
    )
    return _replace(document, "</body>", f"{scripts}</body>")


def _hash(text: str) -> str:
    """A script or style that the policy lets through: this very text and no other."""
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError("a script that holds </script or <!-- would end before its end")
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _replace(document: str, old: str, new: str) -> str:
    if document.count(old) != 1:
        raise ValueError(f"index.html must hold {old!r} once")
    return document.replace(old, new)
