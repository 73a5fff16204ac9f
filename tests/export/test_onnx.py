"""The ONNX graphs, run by the real onnxruntime: our logits, at any length and batch, whole or in pieces."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import page_models
import riverrun
import tiny
import tiny_pairs
from laws.test_fast_equals_plain import random_model
from riverrun.bundle.names import TOKENIZER
from riverrun.cli.main import main
from riverrun.data.pair_batches import pad_sources
from riverrun.errors import InputError, OutputError
from riverrun.export.language_graph import language_model_graph
from riverrun.export.onnx_directory import write_onnx
from riverrun.export.translator_graphs import translator_graphs
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.state import Position
from riverrun.models.seq2seq import vote
from riverrun.text import START


def session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run(graph: onnxruntime.InferenceSession, given: dict) -> dict:
    """Outputs by name."""
    names = [output.name for output in graph.get_outputs()]
    return dict(zip(names, graph.run(names, given), strict=True))


def start(graph: onnxruntime.InferenceSession, batch: int) -> dict:
    """The first state of a language model."""
    state = {}
    for part in graph.get_inputs()[1:]:
        shape = [batch if isinstance(length, str) else length for length in part.shape]
        kind = np.int64 if part.name == "latest" else np.float32
        state[part.name] = np.full(shape, START if part.name == "latest" else 0, kind)
    return state


def after(outputs: dict, state: dict) -> dict:
    """The state after a step; what the step does not change stays."""
    return {name: outputs.get(f"{name}_after", part) for name, part in state.items()}


def expected_logits(model, ids: np.ndarray) -> np.ndarray:
    """Logits [T, B, V] by the plain decoder."""
    plain = PlainDecoder(*model)
    columns = []
    for column in ids.T:
        state, rows = plain.initial_state(), []
        for symbol in column:
            (logits,), (state,) = plain.logits([Position(state, int(symbol))])
            rows.append(logits)
        columns.append(np.array(rows))
    return np.stack(columns, axis=1)


def assert_same_logits(model) -> None:
    weights, shape = model
    graph = session(language_model_graph(weights, shape, {}))
    draw = np.random.default_rng(0)
    for time, batch in ((1, 1), (1, 4), (13, 1), (30, 3)):
        ids = draw.integers(0, len(weights["projection.bias"]), (time, batch))
        expected = expected_logits(model, ids)
        whole = run(graph, {"ids": ids, **start(graph, batch)})
        np.testing.assert_allclose(whole["logits"], expected, rtol=1e-4, atol=1e-4)
        if time > 5:
            state, pieces = start(graph, batch), []
            for part in np.split(ids, [1, 2, 5]):
                outputs = run(graph, {"ids": part, **state})
                state = after(outputs, state)
                pieces.append(outputs["logits"])
            np.testing.assert_allclose(np.concatenate(pieces), whole["logits"], rtol=1e-4, atol=1e-4)
            for name, value in state.items():
                np.testing.assert_allclose(value, whole[f"{name}_after"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_language_models(core, layers, tied):
    assert_same_logits(random_model(core, hidden=14, layers=layers, tied=tied, kernel=3))


@pytest.mark.parametrize("kind", ["embedding", "one-hot", "scaled-index"])
@pytest.mark.parametrize("features", [1, 3])
def test_whatever_the_core_is_shown(kind, features):
    assert_same_logits(page_models.shown_otherwise(kind, features, seed=1))


@pytest.mark.parametrize("shape", tiny_pairs.SHAPES, ids=str)
def test_translators(shape):
    tagging = shape.get("tagging", False)
    network = tiny_pairs.build(**shape)
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}  # tied ones twice
    graphs = translator_graphs(weights, tiny_pairs.shape(**shape), tagging, {})
    encoder, decoder = session(graphs["encoder.onnx"]), session(graphs["decoder.onnx"])
    draw = np.random.default_rng(0)
    for lengths in ((4,), (2, 7, 1)):
        sources = [draw.integers(2, 9, length).astype(np.int32) for length in lengths]
        source, closed = pad_sources(sources)
        steps = max(closed) if not shape.get("input_feeding") else 1
        outputs = max(8, steps)
        ids = draw.integers(2, 7, (outputs, len(lengths)))
        ids[0] = START
        with torch.inference_mode():
            states = tuple(
                member.start(torch.from_numpy(source), torch.from_numpy(closed))
                for member in network.networks
            )
            logs, _, weights_there = vote(network.networks, torch.from_numpy(ids), states)
        memory = run(encoder, {"source": source, "lengths": closed})
        for pieces in ([ids], np.split(ids, [1, 3])) if steps > 1 else (np.split(ids, len(ids)),):
            state = {
                part.name: memory.get(part.name, closed)
                for part in decoder.get_inputs()
                if part.name != "ids"
            }
            found, looked = [], []
            for piece in pieces:
                reached = run(decoder, {"ids": piece, **state})
                state = after(reached, state)
                found.append(reached["log_probabilities"])
                looked += [reached["attention"]] if "attention" in reached else []
            np.testing.assert_allclose(np.concatenate(found), logs.numpy(), rtol=1e-4, atol=1e-4)
            assert bool(looked) == (weights_there is not None)
            if weights_there is not None:
                np.testing.assert_allclose(np.concatenate(looked), weights_there.numpy(), atol=1e-5)


def test_the_command_writes_graphs_that_are_checked(trained, translated, tmp_path, capsys):
    assert main(["export", str(trained), "--onnx", str(tmp_path / "language")]) == 0
    assert main(["export", str(translated), "--onnx", str(tmp_path / "pairs")]) == 0
    capsys.readouterr()
    for folder, names in (("language", {"step.onnx"}), ("pairs", {"encoder.onnx", "decoder.onnx"})):
        written = {path.name for path in (tmp_path / folder).iterdir()}
        assert written == names | {"config.toml", "tokenizer.json", "manifest.json"}
        for name in names:
            graph = onnx.load(tmp_path / folder / name)
            onnx.checker.check_model(graph, full_check=True)
            assert {entry.key for entry in graph.metadata_props} == {"riverrun.kind", "riverrun.tokenizer"}


def test_nothing_is_overwritten_or_left_half_written(trained, tmp_path, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_onnx(trained, tmp_path / "there")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_onnx(trained, tmp_path / "file")
    assert main(["export", str(tmp_path / "nothing"), "--onnx", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"there", "file"}


def test_a_missing_extra_is_one_line(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"pip install 'riverrun\[export\]'"):
        write_onnx(trained, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_example_of_the_documentation(corpus, tmp_path):
    """It continues a prompt as our greedy decoder does."""
    tiny.train(corpus, tmp_path / "model", budget__steps=40, training__learning_rate=0.02)
    write_onnx(tmp_path / "model", tmp_path / "book-onnx")
    text = (Path(__file__).parents[2] / "docs" / "onnx.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line]) <= 20
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    model = riverrun.load(tmp_path / "model")
    assert done.stdout == "the spirit" + model.generate("the spirit", 200, temperature=0.0) + "\n"


def test_the_tokenizer_stands_in_the_graph(trained, tmp_path):
    write_onnx(trained, tmp_path / "new")
    (entry,) = (
        each
        for each in onnx.load(tmp_path / "new" / "step.onnx").metadata_props
        if each.key == "riverrun.tokenizer"
    )
    assert json.loads(entry.value) == json.loads((trained / TOKENIZER).read_text("utf-8"))
