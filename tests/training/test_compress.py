import numpy as np
import onnx
import pytest

from training.compress import Candidate, batch_effect, choose, make, measure
from training.export import export
from training.network import build
from training.options import Precision
from training.prepare import Data
from training.runtime import Session


@pytest.fixture(scope="module")
def graphs(binary: Data) -> dict[Precision, bytes]:
    learner = build(binary.features, binary.task, hidden=(64, 32), dropout=0.0, embedding=4)
    return make(export(learner), binary.train.arrays)


def candidate(precision: str, *, size: int = 100, one: float = 100, many: float = 200, **more: float) -> Candidate:
    facts = {"loss_points": 0.0, "batch_effect": 0.0, **more}
    return Candidate(
        precision=precision,  # type: ignore[arg-type]  # one of the literals
        graph=bytes(size),
        latency_us={1: one, 32: many},
        validation={},
        **facts,
    )


INT8: tuple[Precision, ...] = ("int8-dynamic", "int8-static")
FP32 = candidate("fp32", size=1000)


def test_every_candidate_is_measured(binary: Data, graphs: dict[Precision, bytes]) -> None:
    found = measure(graphs, binary.task, binary.validation)
    assert [c.precision for c in found] == ["fp32", "int8-dynamic", "int8-static"]
    assert found[0].loss_points == 0
    assert all(c.bytes < found[0].bytes for c in found[1:])
    assert all(c.latency_us.keys() == {1, 32} and "roc_auc" in c.validation for c in found)


def test_quantized_answers_stay_near(binary: Data, graphs: dict[Precision, bytes]) -> None:
    rows = binary.test.arrays
    exact = Session(graphs["fp32"]).predict(rows)
    for precision in INT8:
        assert np.abs(Session(graphs[precision]).predict(rows) - exact).max() < 0.05


def test_dynamic_int8_answers_depend_on_the_batch_and_the_others_do_not(
    binary: Data, graphs: dict[Precision, bytes]
) -> None:
    effects = {name: batch_effect(Session(graph), binary.validation.arrays) for name, graph in graphs.items()}
    assert effects["fp32"] < 1e-5
    assert effects["int8-static"] < 1e-5
    assert effects["int8-dynamic"] > 1e-4


def test_the_encoding_of_raw_columns_is_not_quantized(graphs: dict[Precision, bytes]) -> None:
    for precision in INT8:
        nodes = onnx.load_model_from_string(graphs[precision]).graph.node
        products = [node for node in nodes if node.op_type == "MatMul" and "encode_numbers" in node.name]
        assert len(products) == 1


def test_the_smaller_and_faster_one_ships() -> None:
    static = candidate("int8-static", size=300, one=90, many=150)
    choice = choose((FP32, candidate("int8-dynamic", size=300, batch_effect=0.01), static), 0.5)
    assert choice.chosen is static
    assert "int8-static ships: 0.30 times the bytes" in choice.reason


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"loss_points": 0.6}, "loses 0.60 points on validation (budget 0.5)"),
        ({"loss_points": float("nan")}, "loses nan points"),
        ({"batch_effect": 0.01}, "answers a row differently in other company"),
        ({"one": 130}, "takes 1.30 times as long at batch 1"),
        ({"many": 300}, "takes 1.50 times as long at batch 32"),
        ({"size": 950, "one": 101, "many": 199}, "is not smaller and faster"),
    ],
)
def test_what_is_not_worth_it_does_not_ship_and_the_reason_is_said(changes: dict[str, float], why: str) -> None:
    choice = choose((FP32, candidate("int8-static", **changes)), 0.5)  # type: ignore[arg-type]  # sizes are integers
    assert choice.chosen is FP32
    assert choice.reason.startswith("fp32 ships: int8-static ")
    assert why in choice.reason


def test_a_few_microseconds_are_not_noticed() -> None:
    small = candidate("fp32", size=1000, one=14, many=60)
    static = candidate("int8-static", size=400, one=19, many=56)
    assert choose((small, static), 0.5).chosen is static


def test_of_two_that_fit_the_better_ships() -> None:
    one = candidate("int8-dynamic", size=300, one=90, many=180)
    other = candidate("int8-static", size=310, one=60, many=120)
    assert choose((FP32, one, other), 0.5).chosen is other


def test_a_precision_can_be_forced() -> None:
    choice = choose((FP32, candidate("int8-static", loss_points=9.0)), 0.5, "int8-static")
    assert choice.chosen.precision == "int8-static"
    assert "--precision asked for it" in choice.reason
