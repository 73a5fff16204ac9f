"""A language model as one graph: any number of symbols of any number of texts, from a state to a state."""

import numpy as np

from riverrun.bundle import Weights
from riverrun.config.resolved import LanguageShape
from riverrun.export.core_nodes import Core
from riverrun.export.graph import FLOAT, INT, LAST, Graph
from riverrun.text.vocabulary import SPECIAL


def language_model_graph(weights: Weights, model: LanguageShape, facts: dict[str, str]) -> bytes:
    """The graph of a step, as an ONNX file.

    Inputs are ``ids`` [time, batch] and the state's parts; outputs ``logits`` [time, batch, V] of the symbol after
    each, and the parts ``..._after``. All parts are zeros at first, but for ``latest``, the F - 1 latest symbols where
    F are shown side by side: they are the start symbol, 1.

    Args:
        weights: arrays of ``model.safetensors``.
        model: its shape.
        facts: for the file's metadata.
    """
    graph = Graph("language_model")
    features = model.features
    ids = graph.input("ids", INT, "time", "batch")
    core = Core(weights, "core.", model.core, model.layers, model.hidden, model.kernel)
    state = [graph.input(name, FLOAT, rows, "batch", width) for name, rows, width in core.parts()]
    seen = ids
    if features > 1:
        seen = graph("Concat", graph.input("latest", INT, features - 1, "batch"), ids, axis=0)
    shown = [graph.part(seen, place, place - features + 1 or LAST) for place in range(features)]
    vectors = [_vectors(graph, each, weights, model) for each in shown]
    outputs, after = core.build(graph, graph("Concat", *vectors, axis=-1), state)
    if "bottleneck.weight" in weights:
        outputs = graph.linear(outputs, weights["bottleneck.weight"])
    logits = graph.linear(outputs, weights["projection.weight"], weights["projection.bias"])
    graph.output(logits, "logits", FLOAT, "time", "batch", len(weights["projection.bias"]))
    for part, reached in zip(core.parts(), after, strict=True):
        graph.output(reached, f"{part.name}_after", FLOAT, part.rows, "batch", part.width)
    if features > 1:
        graph.output(graph.part(seen, 1 - features), "latest_after", INT, features - 1, "batch")
    return graph.model(facts)


def _vectors(graph: Graph, ids: str, weights: Weights, model: LanguageShape) -> str:
    """What the core is shown of ids [T, B]: [T, B, E]."""
    symbols = len(weights["projection.bias"])
    match model.input:
        case "one-hot":
            return graph("OneHot", ids, graph.number(symbols), graph.constant([0.0, 1.0]))
        case "scaled-index":
            places = np.arange(-SPECIAL, symbols - SPECIAL, dtype=np.float32) / max(1, symbols - SPECIAL)
            return graph("Gather", graph.constant(places[:, None]), ids)
        case _:
            return graph("Gather", graph.constant(weights["embedding.weight"]), ids)
