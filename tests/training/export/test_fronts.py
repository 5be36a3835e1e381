import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from training.export.fronts import Fronts
from training.export.ort_session import Session

ROWS = np.array([[1.0], [2.0]], np.float32)


def graph(name: str, nodes: list[onnx.NodeProto], inputs: list[str], output: str) -> onnx.ModelProto:
    taken, given = (
        [helper.make_tensor_value_info(one, TensorProto.FLOAT, ["batch", 1]) for one in names]
        for names in (inputs, [output])
    )
    constants = [helper.make_tensor(f"{name}/two", TensorProto.FLOAT, [], [2.0])]
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(
        helper.make_graph(nodes, name, taken, given, constants), opset_imports=opsets, ir_version=9
    )


def front(operator: str) -> onnx.ModelProto:
    node = helper.make_node(operator, ["word", "front/two"], ["vector"], name=f"front/{operator}")
    return graph("front", [node], ["word"], "vector")


@pytest.fixture
def body() -> onnx.ModelProto:
    node = helper.make_node("Add", ["size", "vector"], ["answer"], name="body/add")
    return graph("body", [node], ["size", "vector"], "answer")


@pytest.fixture
def fronts() -> Fronts:
    return Fronts((front("Mul"),), ("word", "size"))


def answer(whole: onnx.ModelProto) -> list[float]:
    found = Session(whole.SerializeToString()).predict({"word": ROWS, "size": 10 * ROWS})
    return [float(number) for number in found["answer"].ravel()]


def test_a_front_stands_before_a_body_with_the_inputs_in_their_order(fronts: Fronts, body: onnx.ModelProto) -> None:
    whole = fronts.before(body)
    onnx.checker.check_model(whole)
    assert [one.name for one in whole.graph.input] == ["word", "size"]
    assert (whole.graph.name, answer(whole)) == ("body", [12.0, 24.0])


def test_what_stands_behind_is_what_was_there(fronts: Fronts, body: onnx.ModelProto) -> None:
    found = fronts.without(fronts.before(body))
    onnx.checker.check_model(found)
    assert {one.name for one in found.graph.input} == {"size", "vector"}
    assert [node.name for node in found.graph.node] == ["body/add"]
    assert [one.name for one in found.graph.initializer] == ["body/two"]


def test_another_front_takes_the_place_of_the_one_that_gives_the_same(fronts: Fronts, body: onnx.ModelProto) -> None:
    other = fronts.with_other(front("Sub"))
    assert answer(other.before(fronts.without(fronts.before(body)))) == [9.0, 20.0]
    assert answer(fronts.before(body)) == [12.0, 24.0]  # nothing was changed in place
