"""Sizes that come from a value of a request, and those that follow from shapes and constants."""

from pathlib import Path

import numpy as np
import onnx
import onnx.defs
import pytest
from onnx import TensorProto, helper

from app.runtime.model import load
from app.runtime.value_sizes import KNOWN_DOMAINS, LOOPS, SIZED_BY, decided_by_value
from app.settings import Settings
from tests.app import graphs
from tests.app.graphs import graph, linear, node, one, tensor
from tests.clients import models
from tests.support import serving, tiny

INT64 = TensorProto.INT64
SHAPES_DECIDE = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Bernoulli BitCast BitShift
BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike CausalConvWithState Ceil Celu Clip Concat Constant Conv
ConvInteger ConvTranspose Cos Cosh CumProd CumSum DeformConv DepthToSpace DequantizeLinear Det Div Dropout
DynamicQuantizeLinear Einsum Elu Equal Erf Exp EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm
GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid
HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual
LinearAttention Log LogSoftmax LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool Mean
MeanVarianceNormalization Min Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss Not Or PRelu Pow QLinearConv
QLinearMatMul QuantizeLinear RMSNormalization RandomNormal RandomNormalLike RandomUniform RandomUniformLike Reciprocal
Relu ReverseSequence RegexFullMatch RoiAlign RotaryEmbedding Round Scatter ScatterElements ScatterND Selu Shape Shrink
Sigmoid Sign Sin Sinh Size Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Sqrt StringConcat
StringNormalizer Sub Sum SwiGLU Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Transpose Trilu Where Xor
ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble
TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
"""


def sized(op: str, *takes: str, ops: int = 1, **constants: graphs.Array) -> onnx.ModelProto:
    """Make a graph whose operator takes `v`, the input's numbers as whole ones, where they decide something."""
    nodes = [node("Cast", ["x"], ["v"], to=INT64), node(op, [*takes], [f"y{at}" for at in range(ops)])]
    return graph(nodes, [tensor("x", [1])], [tensor("y0", None)], **constants)


ROW = np.ones((1, 4), np.float32)
DECIDED = {
    "ConstantOfShape": sized("ConstantOfShape", "v"),
    "Range": sized("Range", "zero", "v", "one", zero=np.array(0), one=np.array(1)),
    "Tile": sized("Tile", "row", "v", row=np.ones(4, np.float32)),
    "Expand": sized("Expand", "row", "v", row=np.ones(1, np.float32)),
    "Resize": sized("Resize", "row", "", "", "v", row=np.ones(1, np.float32)),
    "OneHot": sized("OneHot", "at", "v", "ends", at=np.zeros(3, np.int64), ends=np.array([0, 1])),
    "Pad": sized("Pad", "row", "v", row=np.ones(1, np.float32)),
    "Reshape": sized("Reshape", "row", "v", row=ROW),
    "TopK": sized("TopK", "row", "v", ops=2, row=ROW),
    "Slice": sized("Slice", "row", "zero", "v", row=np.ones(4, np.float32), zero=np.array([0])),
    "NonZero": sized("NonZero", "x"),
    "Unique": sized("Unique", "x"),
    "Compress": sized("Compress", "row", "x", row=ROW),
    "ReduceSum": sized("ReduceSum", "row", "v", row=ROW),
    "SplitToSequence": sized("SplitToSequence", "row", "v", row=ROW),
    "Loop": graphs.endless(),
}


@pytest.mark.parametrize("name", DECIDED)
def test_a_value_that_makes_a_size_is_found(name: str) -> None:
    assert decided_by_value(DECIDED[name].SerializeToString()) == name


def chained() -> onnx.ModelProto:
    """Compute the size through some operators, of which one stands before what it takes from."""
    nodes = [
        node("ConstantOfShape", ["size"], ["zeros"]),
        node("ReduceSum", ["zeros"], ["y"], keepdims=1),
        node("Concat", ["part", "fixed"], ["size"], axis=0),
        node("Gather", ["v", "place"], ["part"]),
        node("Cast", ["x"], ["v"], to=INT64),
    ]
    return graph(nodes, [tensor("x", [1])], [tensor("y", None)], fixed=np.array([2]), place=np.array([0]))


def branched(decides: bool) -> onnx.ModelProto:
    """Make a branch that takes a size from outside of it, from a value or from a shape."""
    body = helper.make_graph([node("ConstantOfShape", ["size"], ["z"])], "branch", [], [tensor("z", None)])
    nodes = [
        node("Cast", ["x"], ["v"], to=INT64) if decides else node("Shape", ["x"], ["v"]),
        node("Identity", ["v"], ["size"]),
        node("If", ["on"], ["y"], then_branch=body, else_branch=body),
    ]
    return graph(nodes, [tensor("x", [1])], [tensor("y", None)], on=np.array(True))


def by_chance() -> onnx.ModelProto:
    nodes = [
        node("RandomUniform", [], ["r"], shape=[1], high=1e9),
        node("Cast", ["r"], ["v"], to=INT64),
        node("ConstantOfShape", ["v"], ["y"]),
    ]
    return graph(nodes, [tensor("x", [1])], [tensor("y", None)])


def own_function(domain: str) -> onnx.ModelProto:
    """Give an operator's name to a function of the file."""
    model = one("Relu")
    function = helper.make_function(
        domain, "Relu", ["a"], ["b"], [node("Identity", ["a"], ["b"])], [helper.make_opsetid("", 18)]
    )
    model.functions.append(function)
    return model


def test_a_size_is_followed_through_other_operators() -> None:
    """Also into a branch, from chance, and past what this house does not know."""
    assert decided_by_value(chained().SerializeToString()) == "ConstantOfShape"
    assert decided_by_value(branched(decides=True).SerializeToString()) == "ConstantOfShape"
    assert decided_by_value(by_chance().SerializeToString()) == "ConstantOfShape"
    foreign = graph(
        [node("Grow", ["x"], ["y"], domain="my.own")], [tensor("x", [1])], [tensor("y", None)]
    ).SerializeToString()
    assert decided_by_value(foreign) == "Grow"
    assert "a function of its own in the domain ''" in decided_by_value(own_function("").SerializeToString())
    assert decided_by_value(foreign, ["x"]) == ""  # whoever calls bounds what x decides
    assert decided_by_value(b"\xff" * 20).startswith("a graph that cannot be read here")


def of_shape() -> onnx.ModelProto:
    """Make zeros of the input's own shape: the size is the request's, and no value of it."""
    nodes = [node("Shape", ["x"], ["v"]), node("ConstantOfShape", ["v"], ["z"]), node("Add", ["x", "z"], ["y"])]
    return graph(nodes, [tensor("x", ["n", 4])], [tensor("y", ["n", 4])])


def default_size() -> onnx.ModelProto:
    """Take the size from an input with a default: no request can say it."""
    model = graph([node("Reshape", ["x", "s"], ["y"])], [tensor("x", ["n", 4])], [tensor("y", None)], s=np.array([-1]))
    model.graph.input.append(tensor("s", [1], "INT64"))
    return model


FREE = {
    "numbers": linear(),
    "a shape": of_shape(),
    "a shape, in a branch": branched(decides=False),
    "a default": default_size(),
    "a scalar that is no size": models.scalar(),
    "one of ONNX Runtime's own": graph(
        [node("Gelu", ["x"], ["y"], domain="com.microsoft")], [tensor("x", ["n", 4])], [tensor("y", ["n", 4])]
    ),
    "a function in a domain of its own": own_function("my.own"),
}


@pytest.mark.parametrize("name", FREE)
def test_what_follows_from_shapes_and_constants_is_free(name: str) -> None:
    assert decided_by_value(FREE[name].SerializeToString()) == ""


def test_every_operator_of_the_standard_is_known() -> None:
    """A new one is looked at before it counts as one whose sizes follow from sizes."""
    standard = {each.name for each in onnx.defs.get_all_schemas_with_history() if each.domain in KNOWN_DOMAINS}
    by_name = {*SIZED_BY, *LOOPS, *SHAPES_DECIDE.split()}
    assert {name for name in standard - by_name if not name.startswith("Reduce")} == set()
    assert not (SIZED_BY.keys() & set(SHAPES_DECIDE.split()))


def test_the_committed_models_are_free() -> None:
    """And so they run where they ran."""
    found = [*serving.ROOT.glob("models/*/*/model.onnx"), *serving.ROOT.glob("tests/support/**/model.onnx")]
    assert found
    assert {decided_by_value(path.read_bytes()) for path in found} == {""}


def test_a_run_whose_size_a_value_decides_is_not_on_the_loop(tmp_path: Path) -> None:
    """One number of a request would stop every model."""
    value_size = graph(
        [
            node("Cast", ["x"], ["v"], to=INT64),
            node("ConstantOfShape", ["v"], ["zeros"]),
            node("ReduceSum", ["zeros"], ["y"], keepdims=1),
        ],
        [tensor("x", [1])],
        [tensor("y", [1])],
    )
    model = load(graphs.write(tmp_path, value_size), Settings())
    assert not model.decision.inline
    assert "Values of a request may decide how long a run takes: ConstantOfShape." in model.facts.remark
    assert load(graphs.write(tmp_path, of_shape(), "shape"), Settings()).decision.inline


def test_nor_is_that_of_a_bundle(tmp_path: Path) -> None:
    """Whoever made its graph; one of ours goes on where it was."""
    folder = tiny.write(tmp_path)
    assert load(folder, Settings()).decision.inline
    model = onnx.load(str(folder / "model.onnx"))
    model.graph.node.append(node("NonZero", [model.graph.input[0].name], ["found"]))
    onnx.save(model, str(folder / "model.onnx"))
    tiny.rewrite_manifest(folder, tiny.manifest(tiny.Tiny()))
    assert not load(folder, Settings()).decision.inline
