"""Nodes: an ONNX graph that is written by hand, one operator after the other, every name under one prefix.

It knows nothing about what the graph is for.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

LAST = (1 << 63) - 1  # the end of a slice that has none


class Nodes:
    """Operators and constants, in order; equal constants are kept once."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def add(self, operator: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        """Add an operator and return the name of its output, or of its outputs."""
        name = f"{self._prefix}{len(self.nodes)}-{operator}"
        made = [name if outputs == 1 else f"{name}-{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), made, name=name, domain=domain, **attributes))
        return made[0] if outputs == 1 else made

    def name_last(self, name: str) -> None:
        """Give the output of the last operator another name, that of an output of the graph."""
        self.nodes[-1].output[0] = name

    def constant(self, value: Any, dtype: Any = np.int64, name: str | None = None) -> str:
        array = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, hashlib.sha256(np.ascontiguousarray(array).data).digest())
        if key not in self._names:
            self._names[key] = f"{self._prefix}{name or f'constant-{len(self._names)}'}"
            self.constants.append(numpy_helper.from_array(array, self._names[key]))
        return self._names[key]

    def slice(self, tensor: str, first: int, end: int = LAST, axis: int = 0) -> str:
        places = (self.constant([place]) for place in (first, end, axis))
        name: str = self.add("Slice", tensor, *places)
        return name

    def total(self, tensors: Iterable[str]) -> str:
        """Add tensors one to the next, in their order."""
        first, *others = tensors
        for other in others:
            first = self.add("Add", first, other)
        return first
