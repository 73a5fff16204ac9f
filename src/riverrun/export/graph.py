"""A graph in ONNX, put together node by node: values are strings, the names of what a node gives."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9  # both are old enough for runtimes of the last years
LAST = np.iinfo(np.int64).max  # the end of a slice that goes to the end

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """Collects nodes, constants, inputs and outputs.

    A dimension is a number, or a name where it is free: ``time``, ``batch``, ``source``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output."""
        return self.several(operator, 1, *inputs, **attributes)[0]

    def several(self, operator: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with ``count`` outputs."""
        outputs = [self._fresh(operator.lower()) for _ in range(count)]
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return outputs

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        """A constant array; weights are float32."""
        name = self._fresh("constant")
        self._constants.append(
            numpy_helper.from_array(
                np.ascontiguousarray(np.asarray(values, kind)).reshape(np.shape(values)), name
            )
        )
        return name

    def indices(self, *values: int) -> str:
        """A constant vector of int64."""
        return self.constant(values, np.int64)

    def number(self, value: int) -> str:
        """A constant scalar of int64."""
        return self.constant(value, np.int64)

    def input(self, name: str, kind: int, *dimensions: int | str) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(dimensions)))
        return name

    def output(self, value: str, name: str, kind: int, *dimensions: int | str) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(dimensions)))

    def linear(self, x: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
        """``x [..., I]`` times a matrix [O, I], plus a bias [O]."""
        product = self("MatMul", x, self.constant(weight.T))
        return product if bias is None else self("Add", product, self.constant(bias))

    def part(self, x: str, start: int, end: int = LAST) -> str:
        """Rows ``start`` to ``end`` of the first dimension."""
        return self("Slice", x, self.indices(start), self.indices(end), self.indices(0))

    def length(self, x: str, dimension: int) -> str:
        """The length of a dimension, a scalar."""
        return self("Gather", self("Shape", x), self.number(dimension))

    def range(self, length: str) -> str:
        """0, 1, ... up to a length."""
        return self("Range", self.number(0), length, self.number(1))

    def zeros(self, *dimensions: int | str) -> str:
        """Zeros whose dimensions are numbers, or scalars of the graph."""
        sizes = [
            self("Unsqueeze", each, self.indices(0)) if isinstance(each, str) else self.indices(each)
            for each in dimensions
        ]
        value = numpy_helper.from_array(np.zeros(1, np.float32))
        return self("ConstantOfShape", self("Concat", *sizes, axis=0), value=value)

    def at(self, sequence: str, places: str) -> str:
        """Rows [..., B, C] of a sequence [S, B, C] at places [..., B]."""
        columns = self("Add", self("Mul", places, self.number(0)), self.range(self.length(sequence, 1)))
        last = self.indices(-1)
        pair = self("Concat", self("Unsqueeze", places, last), self("Unsqueeze", columns, last), axis=-1)
        return self("GatherND", sequence, pair)

    def model(self, facts: dict[str, str]) -> bytes:
        """The whole as a checked ONNX file.

        Args:
            facts: written into its metadata.
        """
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            producer_name="riverrun",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"
