"""Fronts: the graphs that stand before that of Keras, put there and taken away again.

    callers' tensors ─ front ─> raw ─┐
    callers' tensors ────────────────┴─ body (Keras) ─> outputs

What makes a body smaller never sees a front, and the other way round: each is made anew and joined.
It knows nothing about what a front does.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import onnx
import onnx.compose

from training.network.network import Network


@dataclass(frozen=True, eq=False)
class Fronts:
    """The fronts of a network, and the inputs of the whole graph, in their order."""

    graphs: tuple[onnx.ModelProto, ...]
    inputs: tuple[str, ...]

    @classmethod
    def of(cls, network: Network) -> "Fronts":
        graphs, inputs = [], []
        for encoder in network.encoders:
            front = encoder.front_graph()
            graphs += [] if front is None else [front]
            inputs += [tensor.name for tensor in (encoder.raw if front is None else front.graph.input)]
        return cls(tuple(graphs), tuple(inputs))

    def with_other(self, front: onnx.ModelProto) -> "Fronts":
        """Return these with another front in the place of the one that gives the same."""
        return replace(self, graphs=tuple(front if _gives(one) == _gives(front) else one for one in self.graphs))

    def before(self, body: onnx.ModelProto) -> onnx.ModelProto:
        """Put the fronts before a body."""
        whole = body
        for front in self.graphs:
            whole = _joined(front, whole)
        arrange(whole.graph.input, self.inputs)
        return whole

    def without(self, whole: onnx.ModelProto) -> onnx.ModelProto:
        """Return the body of a whole graph."""
        body = copy.deepcopy(whole)
        for front in self.graphs:
            _leave_out(body.graph.node, {node.name for node in front.graph.node})
            _leave_out(body.graph.initializer, {tensor.name for tensor in front.graph.initializer})
            _leave_out(body.graph.input, {tensor.name for tensor in front.graph.input})
            body.graph.input.extend(front.graph.output)
        _forget_unused_opsets(body)
        return body


def arrange(tensors: Any, names: Sequence[str]) -> None:
    """Put the inputs or outputs of a graph into the order of their names."""
    ordered = sorted(copy.deepcopy(list(tensors)), key=lambda tensor: names.index(tensor.name))
    del tensors[:]
    tensors.extend(ordered)


def _joined(front: onnx.ModelProto, body: onnx.ModelProto) -> onnx.ModelProto:
    front, body = (copy.deepcopy(each) for each in (front, body))
    _forget_unused_opsets(body)
    body.ir_version = front.ir_version = max(body.ir_version, front.ir_version)
    whole = onnx.compose.merge_models(front, body, io_map=[(name, name) for name in _gives(front)])
    whole.graph.name = body.graph.name
    return whole


def _gives(front: onnx.ModelProto) -> list[str]:
    return [output.name for output in front.graph.output]


def _forget_unused_opsets(model: onnx.ModelProto) -> None:
    """Name the sets of operators that there are nodes of, each once: neither the quantizers nor a join take others."""
    used = {"", *(node.domain for node in model.graph.node)}
    versions = {one.domain: one.version for one in model.opset_import if one.domain in used}
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in versions.items())


def _leave_out(there: Any, names: set[str]) -> None:
    kept = [copy.deepcopy(one) for one in there if one.name not in names]
    del there[:]
    there.extend(kept)
