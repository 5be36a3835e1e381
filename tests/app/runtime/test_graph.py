"""Graphs that say nothing of themselves: which of them may share a run, and what is said of the others."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from app.bundle.reader import MODEL_MAX_BYTES
from app.bundle.sealed_file import hold
from app.errors import BundleError
from app.runtime.engine import Engine
from app.runtime.graph import Trial, examine, find
from app.tensors import Signature
from tests.app import graphs
from tests.app.graphs import graph, linear, node, one, tensor
from tests.clients import models


def examined(root: Path, model: onnx.ModelProto, limit_s: float = 20) -> Trial:
    with hold(graphs.write(root, model) / "model.onnx", MODEL_MAX_BYTES) as content:
        return examine(Engine(content, 1), content, limit_s)


def ends(datatype: str = "FP32", columns: int | str = 4) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    return [tensor("x", ["batch", columns], datatype)], [tensor("y", ["batch", columns], datatype)]


# ── requests that share a run ──


def classes() -> onnx.ModelProto:
    nodes = [
        node("MatMul", ["x", "w"], ["scores"]),
        node("Softmax", ["scores"], ["p"]),
        node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    outputs = [tensor("label", ["batch"], "INT64"), tensor("p", ["batch", 3])]
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    return graph(nodes, [tensor("x", ["batch", 4])], outputs, w=weights)


def several() -> onnx.ModelProto:
    """Integers, a flag and text in; whole numbers, flags and text out."""
    nodes = [
        node("Not", ["flag"], ["off"]),
        node("Neg", ["count"], ["less"]),
        node("Identity", ["word"], ["same"]),
    ]
    kinds = {"flag": "BOOL", "count": "INT64", "word": "BYTES"}
    outs = {"off": "BOOL", "less": "INT64", "same": "BYTES"}
    return graph(
        nodes,
        [tensor(name, ["batch", 3], kind) for name, kind in kinds.items()],
        [tensor(name, ["batch", 3], kind) for name, kind in outs.items()],
    )


def picture() -> onnx.ModelProto:
    """Run only where height and width are at least 40."""
    nodes = [
        node("AveragePool", ["x"], ["pooled"], kernel_shape=[40, 40], strides=[40, 40]),
        node("GlobalMaxPool", ["pooled"], ["y"]),
    ]
    return graph(nodes, [tensor("x", ["batch", 3, "height", "width"])], [tensor("y", ["batch", 3, 1, 1])])


def attention() -> onnx.ModelProto:
    """Two inputs whose second dimensions have one symbol."""
    nodes = [node("Mul", ["x", "mask"], ["y"])]
    return graph(
        nodes, [tensor("x", ["batch", "tokens", 4]), tensor("mask", ["batch", "tokens", 1])], [tensor("y", None)]
    )


def overridable() -> onnx.ModelProto:
    model = linear()
    model.graph.input.append(tensor("w", [4, 2]))
    return model


def leaning(by: float, above: int, below: int = 99, datatype: str = "FP32") -> onnx.ModelProto:
    """Add a share of each number where there are more rows than `above` and fewer than `below`."""
    nodes = [
        node("Shape", ["x"], ["rows"], end=1),
        node("Greater", ["rows", "above"], ["more"]),
        node("Less", ["rows", "below"], ["fewer"]),
        node("And", ["more", "fewer"], ["leans"]),
        node("Where", ["leans", "by", "one"], ["factor"]),
        node("Mul", ["x", "factor"], ["y"]),
    ]
    dtype = np.float16 if datatype == "FP16" else np.float32
    limits = {"above": np.array([above]), "below": np.array([below])}
    inputs, outputs = ends(datatype)
    return graph(nodes, inputs, outputs, **limits, by=np.array(1 + by, dtype), one=np.array(1, dtype))


SHARED = {
    "numbers": linear(),
    "numbers of 16 bits": linear("FP16"),
    "numbers of 64 bits": linear("FP64"),
    "rounding": leaning(8e-6, above=1),
    "rounding of 16 bits": leaning(1e-3, above=1, datatype="FP16"),
    "two inputs and outputs": models.add_sub("INT32"),
    "two outputs of different types": classes(),
    "whole numbers, flags and text": several(),
    "sizes that have to be found": picture(),
    "inputs that share a symbol": attention(),
    "an input with a default": overridable(),
    "numbers out of text": graph(
        [node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], [tensor("x", ["n", 4], "BYTES")], [tensor("y", ["n", 4])]
    ),
    "a table that is looked up": graph(
        [node("Gather", ["table", "x"], ["y"])],
        [tensor("x", ["n", 4], "INT64")],
        [tensor("y", ["n", 4, 2])],
        table=np.arange(4, dtype=np.float32).reshape(2, 2),
    ),
    "no name for any dimension": graph(
        [node("Neg", ["x"], ["y"])], [tensor("x", [None, None])], [tensor("y", [None, None])]
    ),
    **{f"identity of {datatype}": models.identity(datatype) for datatype in models.TYPES},
}


@pytest.mark.parametrize("name", SHARED)
def test_rows_that_get_the_same_in_any_company_share_a_run(name: str, tmp_path: Path) -> None:
    trial = examined(tmp_path, SHARED[name])
    assert trial.remark == "Requests share a run."
    assert trial.signature.batched
    assert trial.sample is not None
    assert {len(array) for array in trial.sample.values()} == {1}


def test_an_input_with_a_default_is_not_asked_of_clients(tmp_path: Path) -> None:
    assert [spec.name for spec in examined(tmp_path, overridable()).signature.inputs] == ["x"]


# ── each request alone, because of what a run showed ──


def quantized() -> onnx.ModelProto:
    """Take the scale from all rows, as dynamic quantization does."""
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
        node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    ]
    return graph(nodes, *ends(columns=64))


def standardized() -> onnx.ModelProto:
    nodes = [node("ReduceMean", ["x", "first"], ["mean"]), node("Sub", ["x", "mean"], ["y"])]
    return graph(nodes, *ends(), first=np.array([0]))


def share() -> onnx.ModelProto:
    """Divide by the number of rows: neighbours of the same number change nothing."""
    nodes = [
        node("Shape", ["x"], ["rows"], end=1),
        node("Cast", ["rows"], ["count"], to=TensorProto.FLOAT),
        node("Div", ["x", "count"], ["y"]),
    ]
    return graph(nodes, *ends())


def positions(rows: int) -> onnx.ModelProto:
    """Add to each row what a table of so many rows says of its place."""
    nodes = [
        node("Shape", ["x"], ["shape"], end=1),
        node("Squeeze", ["shape"], ["rows"]),
        node("Range", ["zero", "rows", "one"], ["places"]),
        node("Gather", ["table", "places"], ["moves"]),
        node("Add", ["x", "moves"], ["y"]),
    ]
    table = np.zeros((rows, 4), np.float32)
    return graph(nodes, *ends(), table=table, zero=np.array(0), one=np.array(1))


def sums() -> onnx.ModelProto:
    return graph([node("CumSum", ["x", "first"], ["y"])], *ends(), first=np.array(0))


def distinct() -> onnx.ModelProto:
    """As many rows as there are distinct numbers."""
    nodes = [node("Round", ["x"], ["whole"]), node("Unique", ["whole"], ["y"])]
    return graph(nodes, [tensor("x", ["n", 4])], [tensor("y", ["m"])])


def alike() -> onnx.ModelProto:
    nodes = [node("Mul", ["x", "zero"], ["y"])]
    return graph(nodes, *ends(), zero=np.array(0, np.float32))


APART = {
    "a softmax over the rows": (one("Softmax", axis=0), r"a row's output y FP32 \[-1, 4\] depends on its neighbours"),
    "statistics of the rows": (standardized(), "depends on its neighbours"),
    "a scale of all rows": (quantized(), "depends on its neighbours"),
    "a sum of the rows so far": (sums(), "depends on its neighbours"),
    "the number of rows": (share(), r"in a run of several rows a row's output differs .* by \d"),
    "five rows and more": (leaning(1e-3, above=4), "in a run of several rows a row's output differs .* by 0.001"),
    "three rows": (leaning(1e-3, above=2, below=4), "in a run of several rows a row's output differs .* by 0.001"),
    "chance": (one("RandomUniformLike"), "of the same inputs is not the same twice"),
    "as many answers as the graph likes": (distinct(), r"the output y FP32 \[-1\] of 3 rows has the shape \[2\]"),
    "a table that ends": (positions(5), "a run of 8 rows failed where one of 3 did not"),
    "one row at a time": (positions(2), "several rows at once did not run"),
    "answers that are all alike": (alike(), "all alike, which says nothing about rows and neighbours"),
}


@pytest.mark.parametrize("name", APART)
def test_what_runs_show_keeps_requests_apart(name: str, tmp_path: Path) -> None:
    model, said = APART[name]
    trial = examined(tmp_path, model)
    assert not trial.signature.batched
    assert trial.sample is not None
    with pytest.raises(AssertionError, match=f"Each request is a run of its own: .*{said}"):
        raise AssertionError(trial.remark)


# ── each request alone, because of the shapes ──


def sized(shape: graphs.Shape, out: graphs.Shape = ("n", 4)) -> onnx.ModelProto:
    return graph([node("Neg", ["x"], ["y"])], [tensor("x", shape)], [tensor("y", out)])


SHAPES = {
    "a fixed first dimension": (models.fixed(), r"the input x FP32 \[2, 3\] has a fixed first dimension"),
    "a scalar beside rows": (models.scalar(), r"the input factor INT64 \[\] has no dimension for rows"),
    "rows that are second": (
        graph(
            [node("Transpose", ["state"], ["t"], perm=[1, 0]), node("Add", ["x", "t"], ["y"])],
            [tensor("x", ["batch", 4]), tensor("state", [4, "batch"])],
            [tensor("y", ["batch", 4])],
        ),
        "the input state .* fixed first dimension",
    ),
    "rows that are both": (sized(["n", "n"], ["n", "n"]), "`n` is not the first dimension alone of the input x"),
    "rows that are second elsewhere": (
        graph(
            [node("MatMul", ["x", "across"], ["y"])],
            [tensor("x", ["batch", "k"]), tensor("across", ["k", "batch"])],
            [tensor("y", ["batch", "batch"])],
        ),
        "is not the first dimension alone",
    ),
    "an output of one row": (
        graph([node("ReduceSum", ["x"], ["y"])], [tensor("x", ["n", 4])], [tensor("y", ["m", 1])]),
        r"the output y FP32 \[1, 1\] has a fixed first dimension",
    ),
    "no input": (
        graph([node("Identity", ["c"], ["y"])], [], [tensor("y", [2])], c=np.ones(2, np.float32)),
        "it has no input",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_keep_requests_apart(name: str, tmp_path: Path) -> None:
    model, said = SHAPES[name]
    trial = examined(tmp_path, model)
    assert (trial.signature.batched, trial.sample is None) == (False, False)
    with pytest.raises(AssertionError, match=f"Each request is a run of its own: .*{said}"):
        raise AssertionError(trial.remark)


# ── graphs that cannot be tried ──


def test_a_graph_that_nothing_made_up_fits_is_served_alone(tmp_path: Path) -> None:
    """Real inputs may have the 7 columns that nobody guessed."""
    model = graph([node("MatMul", ["x", "w"], ["y"])], *ends(columns="k"), w=np.ones((7, 7), np.float32))
    trial = examined(tmp_path, model)
    assert (trial.signature.batched, trial.sample, trial.steady) == (False, None, False)
    assert "Nothing made up for it ran, so whether it answers is not known. " in trial.remark
    assert "ONNX Runtime cannot run it" in trial.remark


def test_a_trial_ends_in_time(tmp_path: Path) -> None:
    """A run is broken off, where it would take minutes."""
    trial = examined(tmp_path, graphs.endless(), limit_s=0.2)
    assert (trial.signature.batched, trial.sample) == (False, None)
    assert "Nothing ended within 0.2 s." in trial.remark


def test_failing_runs_of_a_trial_write_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An operator would take ONNX Runtime's lines for errors of the service."""
    odd = graph([node("Add", ["x", "w"], ["y"])], *ends(columns="k"), w=np.ones(224, np.float32))
    assert examined(tmp_path, odd).sample is not None
    assert capfd.readouterr() == ("", "")


# ── ranks, and what is no tensor ──


def test_a_rank_that_the_graph_does_not_say_is_found(tmp_path: Path) -> None:
    """Of an input by trying, of an output by looking."""
    model = graph([node("Flatten", ["x"], ["y"])], [tensor("x", None)], [tensor("y", None)])
    model.graph.node.insert(0, node("GlobalAveragePool", ["x"], ["pooled"]))
    model.graph.node[1].input[0] = "pooled"
    signature = examined(tmp_path, model).signature
    assert [spec.wire_shape for spec in (*signature.inputs, *signature.outputs)] == [[-1, -1, -1], [-1, -1]]


def mapped() -> onnx.ModelProto:
    """Give probabilities twice, the second time as scikit-learn's converter does: a list of mappings."""
    zipped = node("ZipMap", ["p"], ["mapping"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])
    kind = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    mapping = helper.make_value_info("mapping", helper.make_sequence_type_proto(kind))
    model = linear()
    model.graph.node.extend([node("Softmax", ["y"], ["p"]), zipped])
    model.graph.output.append(mapping)
    return model


def test_an_output_that_is_no_tensor_is_left_out_and_said(tmp_path: Path) -> None:
    trial = examined(tmp_path, mapped())
    assert [spec.name for spec in trial.signature.outputs] == ["y"]
    assert trial.signature.batched
    assert (
        "The output mapping seq(map(int64,tensor(float))) is of no type that can be sent and is left out."
        in trial.remark
    )


def test_a_graph_without_any_tensor_to_answer_is_refused(tmp_path: Path) -> None:
    model = mapped()
    del model.graph.output[0]
    with pytest.raises(
        BundleError, match=r"expected outputs that are tensors of one of the types BOOL, .* Received: mapping seq\(map"
    ):
        examined(tmp_path, model)


@pytest.mark.parametrize("optional", [False, True])
def test_an_input_that_is_no_tensor_is_refused(optional: bool, tmp_path: Path) -> None:
    item = helper.make_tensor_type_proto(TensorProto.FLOAT, ["n"])
    kind = helper.make_optional_type_proto(item) if optional else helper.make_sequence_type_proto(item)
    nodes = [node("OptionalGetElement", ["x"], ["y"]) if optional else node("ConcatFromSequence", ["x"], ["y"], axis=0)]
    with pytest.raises(
        BundleError,
        match=r"expected inputs that are tensors of one of the types .*, BYTES. Received: x (seq|optional)\(",
    ):
        examined(tmp_path, graph(nodes, [helper.make_value_info("x", kind)], [tensor("y", ["n"])]))


def test_a_trial_is_steady_where_requests_have_the_shape_of_its_sample(tmp_path: Path) -> None:
    for name, model, steady in (("a", linear(), True), ("b", picture(), False), ("c", models.fixed(), True)):
        assert examined(tmp_path / name, model).steady is steady


def test_symbols_are_kept_for_people(tmp_path: Path) -> None:
    """And do not make two signatures differ."""
    signature = examined(tmp_path, attention()).signature
    assert [spec.symbols for spec in signature.inputs] == [("batch", "tokens", ""), ("batch", "tokens", "")]
    plain = tuple(type(spec)(spec.name, spec.datatype, spec.shape) for spec in signature.inputs)
    assert Signature(plain, signature.outputs, True) == signature


# ── the file ──


def test_the_graph_of_a_folder(tmp_path: Path) -> None:
    assert find(graphs.write(tmp_path, linear())).name == "model.onnx"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], r"Received: neither\.$"),
        (["net.onnx"], r"Received: net.onnx. Rename it: mv \S+/net.onnx \S+/model.onnx$"),
        (["a.onnx", "b.onnx"], "Received: a.onnx, b.onnx. Give each a folder of its own"),
        (["model.onnx", "golden.json"], r"expected manifest.json beside golden.json. Received: a bundle without it\."),
    ],
)
def test_what_is_there_instead(files: list[str], said: str, tmp_path: Path) -> None:
    """A bundle whose manifest is gone must not be served as if nothing had ever vouched for it."""
    for name in files:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(BundleError, match=said):
        find(tmp_path)
