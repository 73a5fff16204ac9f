"""A model directory as a directory of ONNX files."""

import json
from pathlib import Path

from riverrun.bundle import Bundle, TranslatorBundle, read_bundle
from riverrun.bundle.names import TOKENIZER
from riverrun.bundle.saving import write_model_directory
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
    loaded = read_bundle(model)
    files = graphs(loaded)
    write_model_directory(target, {**files, **loaded.files}, {"kind": "step graph"})
    return list(files)


def graphs(loaded: Bundle) -> dict[str, bytes]:
    """The ONNX files of a model: ``step.onnx``, or ``encoder.onnx`` and ``decoder.onnx``; raises InputError."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise InputError(
            "ONNX needs a package that is not installed: pip install 'riverrun[export]'"
        ) from error
    from riverrun.export.language_graph import language_model_graph
    from riverrun.export.translator_graphs import translator_graphs

    tokenizer = json.dumps(json.loads(loaded.files[TOKENIZER]))
    facts = {"riverrun.kind": loaded.facts["kind"], "riverrun.tokenizer": tokenizer}
    if isinstance(loaded, TranslatorBundle):
        tagging = loaded.settings.data.task == "tagging"
        return translator_graphs(loaded.weights, loaded.settings.model, tagging, facts)
    return {"step.onnx": language_model_graph(loaded.weights, loaded.settings.model, facts)}
