"""How many nodes and tensors a graph may have: they are counted before ONNX Runtime is given it."""

import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from app.bundle.limits import TENSORS_MAX
from app.errors import BundleError
from app.runtime import graph_size
from app.runtime.model import load
from app.settings import Settings
from tests.app import graphs
from tests.app.graphs import graph, node, tensor
from tests.support import tiny


def chain(length: int) -> onnx.ModelProto:
    """Make so many nodes in a row."""
    names = ["x", *[f"v{at}" for at in range(length - 1)], "y"]
    nodes = [node("Relu", [taken], [given]) for taken, given in itertools.pairwise(names)]
    return graph(nodes, [tensor("x", ["batch", 4])], [tensor("y", ["batch", 4])])


def within(length: int) -> onnx.ModelProto:
    """Make so many nodes, all but two of them in the branches of an If."""
    ends = [helper.make_tensor_value_info("y", 1, None)]
    branches = [helper.make_graph([*chain(length // 2 - 1).graph.node], f"branch{at}", [], ends) for at in range(2)]
    nodes = [node("If", ["on"], ["z"], then_branch=branches[0], else_branch=branches[1]), node("Relu", ["z"], ["w"])]
    return graph(nodes, [tensor("x", ["batch", 4])], [tensor("w", None)], on=np.array(True))


@pytest.mark.parametrize("made", [chain, within])
def test_nodes_are_counted(made: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in graphs within a node too; so many are served, one more is not."""
    monkeypatch.setattr(graph_size, "NODES_MAX", 20)
    assert callable(made)
    assert load(graphs.write(tmp_path, made(20), "good"), Settings(models=tmp_path)).name == "good"
    folder = graphs.write(tmp_path, made(22), "large")
    with pytest.raises(BundleError, match=r"model\.onnx: expected a graph of at most 20 nodes\. Received: more\."):
        load(folder, Settings(models=tmp_path))


def test_nodes_of_a_bundle_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_size, "NODES_MAX", 1)
    with pytest.raises(BundleError, match="expected a graph of at most 1 nodes"):
        load(tiny.write(tmp_path), Settings(models=tmp_path))


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_tensors_are_counted(side: str, tmp_path: Path) -> None:
    """A graph of 20,000 inputs took 45 s and more to be tried."""
    many = [f"t{at}" for at in range(TENSORS_MAX + 1)]
    inputs, outputs = (many, ["y"]) if side == "inputs" else (["x"], many)
    nodes = [node("Sum", inputs, outputs)] if side == "inputs" else [node("Relu", inputs, [name]) for name in outputs]
    tensors = [[tensor(name, ["batch", 4]) for name in names] for names in (inputs, outputs)]
    folder = graphs.write(tmp_path, graph(nodes, *tensors))
    most = TENSORS_MAX
    with pytest.raises(BundleError, match=rf"model\.onnx: expected at most {most} {side}\. Received: {most + 1}\."):
        load(folder, Settings(models=tmp_path))


def test_weights_that_are_listed_as_inputs_are_none(tmp_path: Path) -> None:
    """As old exporters did: they can be left out, and callers are not asked for them."""
    count = TENSORS_MAX
    weights = {f"w{at}": np.full((), at, np.float32) for at in range(count)}
    inputs = [tensor("x", ["batch", 4]), *[tensor(name, []) for name in weights]]
    made = graph([node("Sum", ["x", *weights], ["y"])], inputs, [tensor("y", ["batch", 4])], **weights)
    assert len(load(graphs.write(tmp_path, made), Settings(models=tmp_path)).signature.inputs) == 1
