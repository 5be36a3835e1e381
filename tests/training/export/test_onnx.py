import numpy as np
import onnx
import pytest

from tests.training.conftest import only, shares, wired
from training.columns.arrays import Arrays, Outputs, predict_in_batches, spread
from training.data.prepare import Data
from training.errors import ParityError
from training.evaluation.feature_selection import without
from training.export.onnx import PARITY_BATCHES, check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network.network import Network, build


def test_inputs_and_outputs_are_named_and_the_batch_is_symbolic(data: Data, graph: bytes) -> None:
    found = onnx.load_model_from_string(graph).graph
    shapes = {
        tensor.name: [dim.dim_param or dim.dim_value for dim in tensor.type.tensor_type.shape.dim]
        for tensor in (*found.input, *found.output)
    }
    assert shapes == {
        "numeric": ["batch", 2],
        "boolean": ["batch", 1],
        "categorical": ["batch", 2],
        data.task.outputs[0].name: ["batch", data.task.width],
    }


@pytest.mark.parametrize("batch", PARITY_BATCHES)
def test_keras_and_onnx_agree_with_gaps_and_unseen_values(
    data: Data, network: Network, graph: bytes, batch: int
) -> None:
    rows = data.features.spoiled(spread(data.test.arrays, batch), np.random.default_rng(1))
    difference = np.abs(only(network.predict(rows)) - only(Session(graph).predict(rows))).max()
    assert difference / data.task.outputs[0].unit <= 1e-5


def test_rows_are_spoiled_in_every_way(data: Data) -> None:
    spoiled = data.features.spoiled(spread(data.test.arrays, 200), np.random.default_rng(0))
    assert np.isnan(spoiled["numeric"]).any()
    assert (spoiled["numeric"] == np.float32(1e30)).any()
    assert {"", "never seen"} <= set(spoiled["categorical"].ravel())


def test_another_network_does_not_pass_for_this_one(data: Data, graph: bytes) -> None:
    other = build(data.features, data.task, wired(hidden=(16, 8)))
    with pytest.raises(ParityError, match="No bundle was written"):
        check_parity(
            other.predict, Session(graph).predict, parity_rows(data.features, data.test.arrays, 0), data.task.outputs
        )


@pytest.mark.parametrize("wrong", [lambda a: a[:, :1], lambda a: a[:1], lambda a: a * np.nan])
def test_answers_of_another_shape_or_without_value_do_not_pass(binary: Data, wrong: object) -> None:
    right = np.full((64, 2), 0.5, np.float32)

    def keras(arrays: Arrays) -> Outputs:
        return shares(right[: len(arrays["numeric"])])

    rows = spread(binary.test.arrays, 64)
    with pytest.raises(ParityError):
        check_parity(keras, lambda some: shares(wrong(only(keras(some)))), rows, binary.task.outputs)  # type: ignore[operator]  # narrow callables on purpose


def test_a_row_has_the_same_answer_in_any_company(data: Data, graph: bytes) -> None:
    session, rows = Session(graph), spread(data.test.arrays, 33)
    together = only(session.predict(rows))
    alone = only(predict_in_batches(session.predict, rows, batch_rows=1))
    np.testing.assert_allclose(together, alone, atol=1e-5 * data.task.outputs[0].unit)


@pytest.mark.parametrize("dropped", [("color", "city"), ("size", "weight", "old"), ("size", "weight")])
def test_a_graph_has_no_input_without_columns(binary: Data, dropped: tuple[str, ...]) -> None:
    less = without(binary, dropped)
    learner = build(less.features, less.task, wired(hidden=(8,)))
    session, rows = Session(export(learner)), parity_rows(less.features, less.test.arrays, 0)
    assert {tensor.name for tensor in learner.served.inputs} == set(rows)
    assert check_parity(learner.predict, session.predict, rows, less.task.outputs) <= 1e-5


def test_few_nodes(graph: bytes) -> None:
    """A run costs about a microsecond a node; the number must not grow with the columns."""
    assert len(onnx.load_model_from_string(graph).graph.node) <= 32
