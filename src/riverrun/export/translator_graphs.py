"""A translator or tagger as two graphs: one reads sources, one writes outputs a step at a time; several networks vote.

Shapes: B batch, S source time, T target time, V outputs, C width of the encoder's outputs, H hidden. A state's parts
are named after their network: ``0.cell``. What does not change while writing (the encoder's outputs, attention's keys,
lengths) is an input of the decoder and no output.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from riverrun.bundle import Weights
from riverrun.config.resolved import TranslatorShape
from riverrun.export.core_nodes import Core, StatePart
from riverrun.export.graph import FLOAT, INT, Graph
from riverrun.text.vocabulary import START


@dataclass(frozen=True)
class Network:
    """One encoder and decoder among those that vote."""

    weights: Weights
    model: TranslatorShape
    number: int
    tagging: bool

    @property
    def encoder(self) -> str:
        return f"members.{self.number}.encoder."

    @property
    def decoder(self) -> str:
        return f"members.{self.number}.decoder."

    @property
    def memory(self) -> int:
        """Width C of what the decoder sees of a source."""
        return self.model.hidden * (2 if self.model.bidirectional else 1)

    @property
    def attends(self) -> bool:
        """Whether it has soft attention."""
        return not self.tagging and self.model.attention in ("dot", "additive")

    @property
    def walks(self) -> bool:
        """Whether it has a place in the source: transducers and taggers."""
        return self.tagging or self.model.attention == "monotone"

    @property
    def feeds(self) -> bool:
        return self.attends and self.model.input_feeding

    def core(self) -> Core:
        """The decoder's core; a tagger has none."""
        return self._core(f"{self.decoder}core.", self.model.decoder_layers)

    def reader(self, direction: str, layer: int) -> Core:
        """A core of the encoder."""
        return self._core(f"{self.encoder}{direction}.{layer}.", 1)

    def _core(self, prefix: str, layers: int) -> Core:
        model = self.model
        return Core(self.weights, prefix, model.core, layers, model.hidden, 0)

    def parts(self) -> list[StatePart]:
        """The parts of the core's state."""
        return [] if self.tagging else self.core().parts()

    def __getitem__(self, name: str) -> Any:
        """A weight of the decoder."""
        return np.asarray(self.weights[self.decoder + name], np.float32)


def translator_graphs(
    weights: Weights, model: TranslatorShape, tagging: bool, facts: dict[str, str]
) -> dict[str, bytes]:
    """The files ``encoder.onnx`` and ``decoder.onnx``.

    The encoder's inputs are ``source`` [S, B], each source closed (and padded) by the boundary symbol 1, and
    ``lengths`` [B] with it; its outputs are the decoder's state. The decoder's inputs are ``ids`` [T, B], the boundary
    symbol first, ``lengths`` and the state; its outputs ``log_probabilities`` [T, B, V], ``attention`` [T, B, S] and
    the parts ``..._after``. With input feeding T is 1.
    """
    networks = [Network(weights, model, number, tagging) for number in range(model.members)]
    return {"encoder.onnx": _encoder(networks, facts), "decoder.onnx": _decoder(networks, facts)}


def _encoder(networks: list[Network], facts: dict[str, str]) -> bytes:
    graph = Graph("encoder")
    source, lengths = graph.input("source", INT, "source", "batch"), graph.input("lengths", INT, "batch")
    for network in networks:
        outputs, ends = _read(graph, network, source, lengths)
        name, width = f"{network.number}.", network.model.hidden
        if network.attends or network.walks:
            graph.output(outputs, f"{name}memory", FLOAT, "source", "batch", network.memory)
        if network.attends:
            graph.output(_keys(graph, network, outputs), f"{name}keys", FLOAT, "source", "batch", width)
        batch = graph.length(source, 1)
        parts = network.parts()
        if network.walks:
            state = [graph.zeros(part.rows, batch, part.width) for part in parts]
            start = graph("Mul", lengths, graph.number(0))
            graph.output(start, f"{name}place", INT, "batch")
        else:
            state = _bridged(graph, network, ends)
        for part, value in zip(parts, state, strict=True):
            graph.output(value, name + part.name, FLOAT, part.rows, "batch", part.width)
        if network.feeds:
            graph.output(
                graph.zeros(1, batch, network.memory), f"{name}context", FLOAT, 1, "batch", network.memory
            )
    return graph.model(facts)


def _read(graph: Graph, network: Network, source: str, lengths: str) -> tuple[str, str]:
    """Outputs [S, B, C], and what the readers end with [B, C]."""
    model, table = network.model, network.weights[f"{network.encoder}embedding.weight"]
    outputs = graph("Gather", graph.constant(table), source)
    batch, read = graph.length(source, 1), []
    for layer in range(model.layers):
        read = []
        for direction in ("forwards", "backwards")[: 1 + model.bidirectional]:
            core = network.reader(direction, layer)
            start = [graph.zeros(part.rows, batch, part.width) for part in core.parts()]
            seen = outputs if direction == "forwards" else _turned(graph, outputs, lengths)
            found, _ = core.build(graph, seen, start)
            read.append(found if direction == "forwards" else _turned(graph, found, lengths))
        outputs = graph("Concat", *read, axis=-1)
    ends = [graph.at(read[0], graph("Sub", lengths, graph.number(1)))]
    ends += [graph("Squeeze", graph.part(each, 0, 1), graph.indices(0)) for each in read[1:]]
    return outputs, graph("Concat", *ends, axis=-1)


def _turned(graph: Graph, sequence: str, lengths: str) -> str:
    """Each sequence of [S, B, C] backwards within its length."""
    return graph("ReverseSequence", sequence, lengths, batch_axis=1, time_axis=0)


def _keys(graph: Graph, network: Network, outputs: str) -> str:
    if network.model.attention == "dot":
        return graph.linear(outputs, network["attention.projection.weight"])
    return graph.linear(outputs, network["attention.of_memory.weight"], network["attention.of_memory.bias"])


def _bridged(graph: Graph, network: Network, ends: str) -> list[str]:
    """The first state of the decoder's core, from what the readers end with."""
    bridged = graph("Tanh", graph.linear(ends, network["bridge.weight"], network["bridge.bias"]))
    parts = network.parts()
    sizes = graph.indices(*(part.rows * part.width for part in parts))
    split = graph.several("Split", len(parts), bridged, sizes, axis=1)
    shaped = [
        graph("Reshape", each, graph.indices(-1, part.rows, part.width))
        for each, part in zip(split, parts, strict=True)
    ]
    return [graph("Transpose", each, perm=[1, 0, 2]) for each in shaped]


def _decoder(networks: list[Network], facts: dict[str, str]) -> bytes:
    graph = Graph("decoder")
    time = 1 if any(network.feeds for network in networks) else "time"
    ids, lengths = graph.input("ids", INT, time, "batch"), graph.input("lengths", INT, "batch")
    logs, looked = [], []
    for network in networks:
        logits, weights = _step(graph, network, ids, lengths)
        logs.append(graph("LogSoftmax", logits, axis=-1))
        looked += weights
    voted = logs[0]
    if len(networks) > 1:
        voted = graph("LogSoftmax", graph("Mean", *logs), axis=-1)
    outputs = len(networks[0]["output.projection.bias"])
    graph.output(voted, "log_probabilities", FLOAT, time, "batch", outputs)
    if looked:
        graph.output(graph("Mean", *looked), "attention", FLOAT, time, "batch", "source")
    return graph.model(facts)


def _step(graph: Graph, network: Network, ids: str, lengths: str) -> tuple[str, list[str]]:
    """Logits [T, B, V], and where in the source each looked [T, B, S] if it does look."""
    name, time = f"{network.number}.", 1 if network.feeds else "time"
    parts = network.parts()
    state = [graph.input(name + part.name, FLOAT, part.rows, "batch", part.width) for part in parts]
    if network.tagging:
        return _tag(graph, network, ids, lengths)
    vectors = graph("Gather", graph.constant(network["embedding.weight"]), ids)
    memory = ""
    if network.attends or network.walks:
        memory = graph.input(f"{name}memory", FLOAT, "source", "batch", network.memory)
    seen, weights, shown = "", [], [vectors]
    if network.walks:
        vocabulary = (len(network["output.projection.bias"]) - 1) // 2
        moves = graph("Cast", graph("Less", graph.number(vocabulary - 1), ids), to=INT)
        place = graph.input(f"{name}place", INT, "batch")
        walked = graph("Add", graph("CumSum", moves, graph.number(0)), place)
        places = graph("Min", walked, graph("Sub", lengths, graph.number(1)))
        seen, weights = graph.at(memory, places), [_one_hot(graph, places, memory)]
        shown.append(seen)
        reached = graph("Squeeze", graph.part(places, -1), graph.indices(0))
        graph.output(reached, f"{name}place_after", INT, "batch")
    if network.feeds:
        shown.append(graph.input(f"{name}context", FLOAT, 1, "batch", network.memory))
    inputs = graph("Concat", *shown, axis=-1) if len(shown) > 1 else vectors
    outputs, after = network.core().build(graph, inputs, state)
    for part, value in zip(parts, after, strict=True):
        graph.output(value, f"{name}{part.name}_after", FLOAT, part.rows, "batch", part.width)
    if network.attends:
        seen, looked = _look(graph, network, outputs, memory, lengths)
        weights = [looked]
        if network.feeds:
            graph.output(seen, f"{name}context_after", FLOAT, time, "batch", network.memory)
    known = graph("Concat", outputs, seen, axis=-1) if seen else outputs
    return _logits(graph, network, known), weights


def _logits(graph: Graph, network: Network, known: str) -> str:
    hidden = graph(
        "Tanh", graph.linear(known, network["output.hidden.weight"], network["output.hidden.bias"])
    )
    return graph.linear(hidden, network["output.projection.weight"], network["output.projection.bias"])


def _look(graph: Graph, network: Network, outputs: str, memory: str, lengths: str) -> tuple[str, str]:
    """Contexts [T, B, C] and weights [T, B, S] of soft attention; padding gets no weight."""
    keys = graph.input(f"{network.number}.keys", FLOAT, "source", "batch", network.model.hidden)
    if network.model.attention == "dot":
        queries = graph("Transpose", outputs, perm=[1, 0, 2])
        products = graph("MatMul", queries, graph("Transpose", keys, perm=[1, 2, 0]))  # [B, T, S]
        scores = graph("Mul", products, graph.constant(network.model.hidden**-0.5))
    else:
        queries = graph.linear(outputs, network["attention.of_query.weight"])
        hidden = graph(
            "Tanh", graph("Add", graph("Unsqueeze", queries, graph.indices(1)), keys)
        )  # [T, S, B, A]
        flat = graph("Squeeze", graph.linear(hidden, network["attention.score.weight"]), graph.indices(-1))
        scores = graph("Transpose", flat, perm=[2, 0, 1])
    places = graph.range(graph.length(memory, 0))
    inside = graph("Less", places, graph("Unsqueeze", lengths, graph.indices(1, 2)))  # [B, 1, S]
    weights = graph("Softmax", graph("Where", inside, scores, graph.constant(-np.inf)), axis=-1)
    contexts = graph("MatMul", weights, graph("Transpose", memory, perm=[1, 0, 2]))
    return graph("Transpose", contexts, perm=[1, 0, 2]), graph("Transpose", weights, perm=[1, 0, 2])


def _tag(graph: Graph, network: Network, ids: str, lengths: str) -> tuple[str, list[str]]:
    """One output at each place; the boundary symbol at the last, and only there."""
    name = f"{network.number}."
    memory = graph.input(f"{name}memory", FLOAT, "source", "batch", network.memory)
    place = graph.input(f"{name}place", INT, "batch")
    last = graph("Sub", lengths, graph.number(1))
    time = graph.length(ids, 0)
    steps = graph("Unsqueeze", graph.range(time), graph.indices(1))
    places = graph("Min", graph("Add", steps, place), last)
    graph.output(graph("Min", graph("Add", place, time), last), f"{name}place_after", INT, "batch")
    logits = _logits(graph, network, graph.at(memory, places))
    boundary = np.arange(len(network["output.projection.bias"])) == START
    at_end = graph("Unsqueeze", graph("Equal", places, last), graph.indices(-1))
    allowed = graph(
        "Equal", graph("Cast", graph.constant(boundary, np.bool_), to=INT), graph("Cast", at_end, to=INT)
    )
    return graph("Where", allowed, logits, graph.constant(-np.inf)), [_one_hot(graph, places, memory)]


def _one_hot(graph: Graph, places: str, memory: str) -> str:
    return graph("OneHot", places, graph.length(memory, 0), graph.constant([0.0, 1.0]))
