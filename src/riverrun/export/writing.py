"""A model directory as a directory of ONNX files."""

import json
import tomllib
from pathlib import Path

from riverrun import bundle
from riverrun.errors import InputError, OutputError


def write_onnx(model: Path, target: Path) -> list[str]:
    """Write a model's graphs, beside its tokenizer and settings; returns the names of the graphs.

    Args:
        model: the model directory.
        target: a directory that is not there yet, or empty.

    Raises:
        ModelError: the model cannot be read.
        InputError: the extra ``riverrun[export]`` is not installed.
        OutputError: something is there already, or it cannot be written; then nothing is.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} exists already; choose another name")
    files = graphs(bundle.read_bundle(model))
    texts = {name: (model / name).read_bytes() for name in (bundle.CONFIG, bundle.TOKENIZER)}
    bundle.write_directory(target, {**files, **texts}, {"kind": "step graph"})
    return list(files)


def graphs(loaded: bundle.Bundle) -> dict[str, bytes]:
    """The ONNX files of a model: ``step.onnx``, or ``encoder.onnx`` and ``decoder.onnx``; raises InputError."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise InputError(
            "ONNX needs a package that is not installed: pip install 'riverrun[export]'"
        ) from error
    from riverrun.export.language_model import language_model_graph
    from riverrun.export.translator import translator_graphs

    model = tomllib.loads(loaded.config)["model"]
    kind = loaded.facts.get("kind", "language model")
    facts = {"riverrun.kind": kind, "riverrun.tokenizer": json.dumps(json.loads(loaded.tokenizer))}
    if kind in ("translator", "tagger"):
        return translator_graphs(loaded.weights, model, kind == "tagger", facts)
    return {"step.onnx": language_model_graph(loaded.weights, model, facts)}
