import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.training.conftest import only, wired
from training.compression.measure import batch_effect
from training.compression.quantization import Draft, Kept, drafts, halved
from training.data.prepare import Data
from training.export.onnx import export
from training.export.ort_session import Session
from training.network.network import build

INT8 = (
    "int8-dynamic",
    "int8-static",
    "int8-static+fp16",
    "int8-static-entropy",
    "int8-static-percentile",
    "int8-static-u8",
    "int8-static-8bit",
)

KEPT = Kept(exact=("encode_numbers",), unquantized=("encode_numbers",))


@pytest.fixture(scope="module")
def fp32(binary: Data) -> bytes:
    return export(build(binary.features, binary.task, wired(hidden=(64, 32), embedding=32)))


@pytest.fixture(scope="module")
def made(binary: Data, fp32: bytes) -> dict[str, Draft]:
    return {draft.name: draft for draft in drafts(fp32, binary.train.arrays, KEPT)}


def test_every_way_is_made_and_smaller(fp32: bytes, made: dict[str, Draft]) -> None:
    assert set(made) == {"fp16", *INT8}
    assert all(len(draft.graph) < len(fp32) for draft in made.values())
    assert len(made["int8-static+fp16"].graph) < len(made["int8-static"].graph)
    assert {name for name, draft in made.items() if not draft.portable} == {"int8-static-8bit"}


def test_answers_stay_near(binary: Data, fp32: bytes, made: dict[str, Draft]) -> None:
    rows = binary.test.arrays
    exact = only(Session(fp32).predict(rows))
    for name, draft in made.items():
        difference = np.abs(only(Session(draft.graph).predict(rows)) - exact).max()
        assert 0 < difference < (1e-3 if name == "fp16" else 0.05), name


def test_the_ways_differ(made: dict[str, Draft]) -> None:
    """Entropy alone often finds that the extremes are the best range."""
    assert len({made[name].graph for name in INT8 if name != "int8-static-entropy"}) == len(INT8) - 1


def test_shapes_of_inner_tensors_are_not_kept(made: dict[str, Draft]) -> None:
    """ONNX Runtime infers them anyway; on small networks they were a third of the file."""
    assert not [name for name in INT8 if onnx.load_model_from_string(made[name].graph).graph.value_info]


def test_dynamic_int8_answers_depend_on_the_batch_and_the_others_do_not(binary: Data, made: dict[str, Draft]) -> None:
    rows, of = binary.validation.arrays, binary.task.outputs
    effects = {name: batch_effect(Session(draft.graph), rows, of) for name, draft in made.items()}
    assert effects.pop("int8-dynamic") > 1e-4
    assert max(effects.values()) < 1e-5


def test_the_encoding_of_raw_columns_is_not_quantized(made: dict[str, Draft]) -> None:
    for name in INT8:
        nodes = onnx.load_model_from_string(made[name].graph).graph.node
        products = [node for node in nodes if node.op_type == "MatMul" and "encode_numbers" in node.name]
        assert len(products) == 1


def test_weights_that_ship_cannot_saturate(made: dict[str, Draft]) -> None:
    """Two products of 8 bits are added in 16: with an activation of 255, a weight may have 64 at most."""
    assert _largest_weight(made["int8-static"].graph) <= 64
    assert _largest_weight(made["int8-dynamic"].graph) <= 64
    assert _largest_weight(made["int8-static-8bit"].graph) > 64


def _largest_weight(graph: bytes) -> int:
    tensors = onnx.load_model_from_string(graph).graph.initializer
    signed = [numpy_helper.to_array(t) for t in tensors if t.data_type == onnx.TensorProto.INT8 and len(t.dims) == 2]
    assert signed
    return max(int(np.abs(weights.astype(int)).max()) for weights in signed)


def test_only_learned_weights_are_halved(fp32: bytes, made: dict[str, Draft]) -> None:
    """Constants of the encoding are in the columns' own units: 16 bits could not hold them."""
    tensors = onnx.load_model_from_string(made["fp16"].graph).graph.initializer
    narrow = {t.name for t in tensors if t.data_type == onnx.TensorProto.FLOAT16}
    assert len(narrow) == 3  # the embeddings and two dense layers; the head is small
    assert not [name for name in narrow if "encode_numbers" in name]


def test_halving_twice_changes_nothing(made: dict[str, Draft]) -> None:
    assert halved(made["fp16"].graph, KEPT) is made["fp16"].graph


@pytest.mark.parametrize("value", [1e6, -1e6])
def test_weights_that_16_bits_cannot_hold_stay(value: float) -> None:
    weights = np.full((16, 16), value, np.float32)
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    tensors = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 16]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "g", tensors[:1], tensors[1:], [numpy_helper.from_array(weights, "w")])
    content = onnx.helper.make_model(graph).SerializeToString()
    assert halved(content, KEPT) is content
