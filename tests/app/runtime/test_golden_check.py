"""The golden rows: what a graph must answer before it serves, and what strange rows must not do to it."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from app.bundle import reader as bundles
from app.errors import BundleError
from app.features.row_reader import RowReader
from app.runtime.engine import Engine
from app.runtime.golden_check import golden_rows, prove
from tests.support import tiny


def proved(folder: Path) -> None:
    bundle = bundles.read(folder)
    prove(bundle, RowReader(bundle.features, 100), Engine(bundle.model_path, 1))


def rewritten(folder: Path, change: Any) -> Path:
    """Change the golden rows of a bundle, and the manifest's hashes with them."""
    golden = json.loads((folder / bundles.GOLDEN).read_text())
    change(golden)
    (folder / bundles.GOLDEN).write_text(json.dumps(golden))
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_graph_that_answers_as_it_did_is_proved(task: str, tmp_path: Path) -> None:
    proved(tiny.write(tmp_path, tiny.Tiny(task=task)))


def test_the_golden_rows_are_read_as_a_request_is(tmp_path: Path) -> None:
    """In the manifest's order, missing values included."""
    bundle = bundles.read(tiny.write(tmp_path))
    rows = golden_rows(bundle, RowReader(bundle.features, 100))
    assert len(rows) == len(bundle.golden.instances)
    assert rows[0] == (struct.pack("2f", 0.0, 0.25), struct.pack("f", False), ("low",))
    assert rows[-1][2] == ("",)


def test_golden_rows_that_do_not_fit_the_manifest_are_named(tmp_path: Path) -> None:
    folder = rewritten(tiny.write(tmp_path), lambda golden: golden["instances"][2].update(age="old"))
    with pytest.raises(BundleError, match=r"golden\.json: .*age"):
        proved(folder)


@pytest.mark.parametrize(("by", "holds"), [(5e-6, True), (1e-3, False)])
def test_answers_may_differ_by_the_tolerance_of_the_trainer(by: float, holds: bool, tmp_path: Path) -> None:
    def move(golden: dict[str, Any]) -> None:
        golden["outputs"]["probabilities"][3][0] += by

    folder = rewritten(tiny.write(tmp_path), move)
    if holds:
        proved(folder)
    else:
        with pytest.raises(
            BundleError, match=r"Received: a difference of 0\.00\d+ of `probabilities` in a run of 8 rows"
        ):
            proved(folder)


def test_answers_of_another_width_are_no_answers(tmp_path: Path) -> None:
    def widen(golden: dict[str, Any]) -> None:
        golden["outputs"]["probabilities"] = [[*row, 0.0] for row in golden["outputs"]["probabilities"]]

    with pytest.raises(BundleError, match=r"a difference of shape, \(8, 2\) instead of \(8, 3\)"):
        proved(rewritten(tiny.write(tmp_path), widen))


def edited(folder: Path, edit: Any) -> Path:
    """Change the graph of a bundle; its golden answers stay, and its hashes follow."""
    model = onnx.load(folder / bundles.MODEL)
    edit(model.graph)
    onnx.save(model, str(folder / bundles.MODEL))
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


def test_a_row_alone_is_proved_too(tmp_path: Path) -> None:
    """A graph that takes its scale from all rows answers right together and wrong alone."""

    def lean(graph: onnx.GraphProto) -> None:
        graph.node[-1].output[0] = "p"
        graph.initializer.append(numpy_helper.from_array(np.array([8], np.int64), "eight"))
        graph.initializer.append(numpy_helper.from_array(np.array(0.1, np.float32), "tenth"))
        graph.node.extend(
            [
                helper.make_node("Shape", ["p"], ["rows"], end=1),
                helper.make_node("Sub", ["rows", "eight"], ["off"]),
                helper.make_node("Cast", ["off"], ["distance"], to=1),
                helper.make_node("Mul", ["distance", "tenth"], ["shift"]),
                helper.make_node("Add", ["p", "shift"], ["probabilities"]),
            ]
        )

    with pytest.raises(BundleError, match="in a run of 1 rows"):
        proved(edited(tiny.write(tmp_path), lean))


def test_missing_and_unknown_values_must_have_finite_answers(tmp_path: Path) -> None:
    """The golden rows may not hold any of them."""

    def blank(graph: onnx.GraphProto) -> None:
        """Let NaN through, where the graph replaced it."""
        place = next(node for node in graph.node if node.op_type == "Where")
        place.op_type = "Identity"
        del place.input[:]
        place.input.append("numeric")

    folder = tiny.write(tmp_path, tiny.Tiny(optional=("hours-per-week",)))
    rewritten(folder, lambda golden: golden["instances"][-1].update({"hours-per-week": 0.0}))
    with pytest.raises(BundleError, match="expected finite answers to missing, unseen and extreme values"):
        proved(edited(folder, blank))


def test_extreme_values_that_cannot_be_sent_are_refused(tmp_path: Path) -> None:
    """The error named a row that nobody had sent, and no file."""

    def edit(manifest: dict[str, Any]) -> None:
        manifest["features"][0]["maximum"] = 1e308

    folder = tiny.write(tmp_path, tiny.Tiny(format=2), edit=edit)
    with pytest.raises(BundleError, match=r"manifest\.json: expected features whose extreme values can be sent"):
        proved(folder)
