"""Weights beside the graph: read where they lie in its folder, and nowhere else."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from app.errors import BundleError
from app.runtime.engine import Engine
from app.runtime.model import load
from app.settings import Settings
from tests.app import graphs
from tests.app.graphs import graph, node, outside, tensor

WEIGHTS = np.arange(400, dtype=np.float32)
ZEROS = {"x": np.zeros((1, 400), np.float32)}
ENDS = [tensor("x", ["batch", 400])], [tensor("y", ["batch", 400])]
ADD = node("Add", ["x", "w"], ["y"])


def as_initializer(location: str) -> onnx.ModelProto:
    return graph([ADD], *ENDS, w=outside(location))


def as_constant(location: str) -> onnx.ModelProto:
    return graph([node("Constant", [], ["w"], value=outside(location)), ADD], *ENDS)


def in_a_branch(location: str) -> onnx.ModelProto:
    def branch() -> onnx.GraphProto:
        inner = [node("Identity", ["w"], ["chosen"])]
        return helper.make_graph(inner, "branch", [], [tensor("chosen", [400])], [outside(location)])

    nodes = [
        node("If", ["yes"], ["chosen"], then_branch=branch(), else_branch=branch()),
        node("Add", ["x", "chosen"], ["y"]),
    ]
    return graph(nodes, *ENDS, yes=np.array(True))


def in_a_function(location: str) -> onnx.ModelProto:
    inner = [node("Constant", [], ["w"], value=outside(location)), ADD]
    opsets = [helper.make_opsetid("", 18)]
    model = graph([node("AddAll", ["x"], ["y"], domain="own")], *ENDS)
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.append(helper.make_function("own", "AddAll", ["x"], ["y"], inner, opsets))
    return model


def sparse(location: str) -> onnx.ModelProto:
    model = graph([ADD], *ENDS)
    weights = model.graph.sparse_initializer.add()
    weights.values.CopyFrom(outside(location))
    weights.indices.CopyFrom(onnx.numpy_helper.from_array(np.arange(400), "places"))
    weights.dims.append(400)
    return model


PLACES = pytest.mark.parametrize("refer", [as_initializer, as_constant, in_a_branch, in_a_function, sparse])


@PLACES
@pytest.mark.parametrize("location", ["model.onnx.data", "weights/all.data", "weights/../model.onnx.data"])
def test_weights_in_the_folder_are_read(refer: graphs.Refer, location: str, tmp_path: Path) -> None:
    folder = graphs.write(tmp_path, refer(location))
    (folder / "weights").mkdir()
    (folder / location).write_bytes(WEIGHTS.tobytes())
    (found,) = Engine(folder / "model.onnx", 1, data_folder=folder).run(ZEROS)
    np.testing.assert_array_equal(found[0], WEIGHTS)


@PLACES
@pytest.mark.parametrize("way", ["up", "absolute", "link", "link of a folder", "working directory"])
def test_weights_elsewhere_are_refused(
    refer: graphs.Refer, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph from a stranger must not read the files of its host."""
    secret = tmp_path / "secret.data"
    secret.write_bytes(WEIGHTS.tobytes())
    locations = {
        "up": "../../secret.data",
        "absolute": str(secret),
        "link": "link.data",
        "link of a folder": "there/secret.data",
        "working directory": "secret.data",
    }
    folder = graphs.write(tmp_path, refer(locations[way]))
    (folder / "link.data").symlink_to(secret)
    (folder / "there").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="ONNX Runtime cannot load it"):
        Engine(folder / "model.onnx", 1, data_folder=folder)


@PLACES
def test_a_bundle_has_no_weights_beside_its_graph(
    refer: graphs.Refer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever lies there is not in the manifest, or would be read before its hash."""
    folder = graphs.write(tmp_path, refer("model.onnx.data"))
    (folder / "model.onnx.data").write_bytes(WEIGHTS.tobytes())
    monkeypatch.chdir(folder)
    with pytest.raises(BundleError, match="ONNX Runtime cannot load it"):
        Engine(folder / "model.onnx", 1)


@pytest.mark.parametrize("make", ["none", "short", "folder", "pipe"])
def test_weights_that_cannot_be_read_are_refused(make: str, tmp_path: Path) -> None:
    """A pipe would be waited for."""
    folder = graphs.write(tmp_path, as_initializer("w.data"))
    place = folder / "w.data"
    if make == "short":
        place.write_bytes(b"1234")
    elif make == "folder":
        place.mkdir()
    elif make == "pipe":
        os.mkfifo(place)
    with pytest.raises(BundleError, match="ONNX Runtime cannot load it"):
        Engine(folder / "model.onnx", 1, data_folder=folder)


def test_a_folder_of_links_is_served_as_a_volume_of_a_cluster_has_it(tmp_path: Path) -> None:
    """There every file is a link to one below `..data`, which is a link itself."""
    folder = graphs.write(tmp_path, as_initializer("model.onnx.data"))
    real = folder / "..2026_01_01"
    real.mkdir()
    (folder / "model.onnx").rename(real / "model.onnx")
    (real / "model.onnx.data").write_bytes(WEIGHTS.tobytes())
    (folder / "..data").symlink_to(real.name)
    for name in ("model.onnx", "model.onnx.data"):
        (folder / name).symlink_to(Path("..data") / name)
    model = load(folder, Settings(threads=1))
    assert (model.name, model.version, model.signature.batched) == ("graph", 1, True)
