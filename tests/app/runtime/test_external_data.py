"""Weights beside the graph: read where they lie in its folder, and nowhere else."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from app.bundle.reader import MODEL_MAX_BYTES
from app.bundle.sealed_file import LARGE_BYTES, hold
from app.errors import BundleError
from app.runtime import external_data
from app.runtime.engine import Engine
from app.runtime.external_data import hold_weights
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


def engine_of(folder: Path) -> Engine:
    """Load the graph of a folder with the weights beside it, as the service does."""
    with hold(folder / "model.onnx", MODEL_MAX_BYTES) as held, hold_weights(held, folder) as weights:
        return Engine(weights.graph, 1, weights.files)


PLACES = pytest.mark.parametrize("refer", [as_initializer, as_constant, in_a_branch, in_a_function, sparse])


@PLACES
@pytest.mark.parametrize("location", ["model.onnx.data", "weights/all.data", "weights/../model.onnx.data"])
def test_weights_in_the_folder_are_read(refer: graphs.Refer, location: str, tmp_path: Path) -> None:
    folder = graphs.write(tmp_path, refer(location))
    (folder / "weights").mkdir()
    (folder / location).write_bytes(WEIGHTS.tobytes())
    (found,) = engine_of(folder).run(ZEROS)
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
    says = "No such file" if way == "working directory" else rf"expected a file within {folder}\. Received: {secret}\."
    with pytest.raises(BundleError, match=says):
        engine_of(folder)


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


@pytest.mark.parametrize(
    ("make", "says"),
    [
        ("none", "w.data: cannot be read: No such file"),
        ("short", "expected 1600 bytes in `w.data`, to which it refers. Received: 4."),
        ("folder", "w.data: cannot be read: it is no regular file"),
        ("pipe", "w.data: cannot be read: it is no regular file"),
    ],
)
def test_weights_that_cannot_be_read_are_refused(make: str, says: str, tmp_path: Path) -> None:
    """A pipe would be waited for."""
    folder = graphs.write(tmp_path, as_initializer("w.data"))
    place = folder / "w.data"
    if make == "short":
        place.write_bytes(b"1234")
    elif make == "folder":
        place.mkdir()
    elif make == "pipe":
        os.mkfifo(place)
    with pytest.raises(BundleError, match=re.escape(says)):
        engine_of(folder)


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


# ── what is held ──

CHANGES: dict[str, Callable[[Path], object]] = {
    "overwritten": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "truncated": lambda path: os.truncate(path, 0),
    "gone": Path.unlink,
}


@PLACES
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("size", [1600, LARGE_BYTES + 1600], ids=["small", "large"])
def test_weights_stay_what_they_were(refer: graphs.Refer, change: str, size: int, tmp_path: Path) -> None:
    """ONNX Runtime would map the file: its answers would change, or the process end by SIGBUS."""
    folder = graphs.write(tmp_path, refer("w.data"))
    (folder / "w.data").write_bytes(WEIGHTS.tobytes() + bytes(size - 1600))
    engine = engine_of(folder)
    CHANGES[change](folder / "w.data")
    np.testing.assert_array_equal(engine.run(ZEROS)[0][0], WEIGHTS)


@PLACES
def test_and_while_they_are_loaded(refer: graphs.Refer, tmp_path: Path) -> None:
    """What was hashed is what the second session, that of more threads, is made of, too."""
    folder = graphs.write(tmp_path, refer("w.data"))
    (folder / "w.data").write_bytes(WEIGHTS.tobytes() + bytes(LARGE_BYTES))
    with hold(folder / "model.onnx", MODEL_MAX_BYTES) as held, hold_weights(held, folder) as weights:
        for change in CHANGES.values():
            change(folder / "w.data")
            np.testing.assert_array_equal(Engine(weights.graph, 1, weights.files).run(ZEROS)[0][0], WEIGHTS)


def entries(*said: tuple[str, str], inner: bool = False) -> onnx.ModelProto:
    """Refer to external data by just these entries, from an initializer or from within a node."""
    weights = onnx.TensorProto(name="w", data_type=1, dims=[400], data_location=onnx.TensorProto.EXTERNAL)
    for key, value in said:
        weights.external_data.add(key=key, value=value)
    if inner:
        return graph([node("Constant", [], ["w"], value=weights), ADD], *ENDS)
    return graph([ADD], *ENDS, w=weights)


HERE = ("location", "w.data")


@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize(
    ("said", "says"),
    [
        ([HERE, ("offset", "1601")], "cannot load it|expected 1601 bytes|expected the length"),
        ([HERE, ("offset", "4"), ("length", "1600")], "expected 1604 bytes in `w.data`.*Received: 1600"),
        ([HERE, ("offset", "0"), ("length", "1596")], "cannot load it"),
        ([HERE, ("offset", "-4"), ("length", "1600")], "a size of external data that is no such number, '-4'"),
        ([HERE, ("offset", str(2**63 - 1)), ("length", "1600")], "expected 9223372036854777407 bytes in `w.data`"),
        ([HERE, ("offset", "9" * 30), ("length", "1600")], "no such number, '9999999999999999999'"),
        ([HERE, ("offset", "\u00b2"), ("length", "1600")], "no such number"),
        ([("location", "x.data"), HERE, ("length", "1600")], "more than one 'location'"),
        ([("location", ""), ("length", "1600")], "no regular file"),
        ([("location", "w\0.data"), ("length", "1600")], "a zero in it"),
        ([("location", "w" * 5000), ("length", "1600")], "File name too long"),
        ([("location", "*/_ORT_MEM_ADDR_/*"), ("offset", "4096"), ("length", "1600")], "No such file"),
        ([("offset", "0"), ("length", "1600")], "cannot load it"),
    ],
)
def test_references_that_are_wrong_are_refused(
    said: Sequence[tuple[str, str]], says: str, inner: bool, tmp_path: Path
) -> None:
    """Each by its name, before a byte beyond the file is read."""
    folder = graphs.write(tmp_path, entries(*said, inner=inner))
    (folder / "w.data").write_bytes(WEIGHTS.tobytes())
    with pytest.raises(BundleError, match=says):
        engine_of(folder)


def test_tensors_may_share_a_file(tmp_path: Path) -> None:
    """Or altogether."""
    nodes = [node("Sum", ["x", "w", "v"], ["y"])]
    folder = graphs.write(tmp_path, graph(nodes, *ENDS, w=outside("w.data"), v=outside("w.data", "v")))
    (folder / "w.data").write_bytes(WEIGHTS.tobytes())
    np.testing.assert_array_equal(engine_of(folder).run(ZEROS)[0][0], 2 * WEIGHTS)


def test_weights_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what a container may have, too: while it is loaded a version is in memory twice."""
    folder = graphs.write(tmp_path, as_initializer("w.data"))
    (folder / "w.data").write_bytes(WEIGHTS.tobytes())
    for limit, memory in ((1599, None), (10**6, 2 * 1599)):
        monkeypatch.setattr(external_data, "WEIGHTS_MAX_BYTES", limit)
        monkeypatch.setattr(external_data, "limit_bytes", lambda memory=memory: memory)
        with pytest.raises(BundleError, match=r"w\.data: expected at most 1599 bytes\. Received: 1600\."):
            engine_of(folder)
    monkeypatch.setattr(external_data, "limit_bytes", lambda: 2 * 1600)
    assert engine_of(folder)
