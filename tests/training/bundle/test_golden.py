import json

import numpy as np
import pytest

from tests.training.conftest import only
from training.bundle.golden import ROWS, golden, pick
from training.data.prepare import Data
from training.export.ort_session import Session
from training.options.rooms import Precision
from training.tasks.base import TOLERANCE


def test_rows_are_of_the_test_split_with_gaps_where_there_are_some(data: Data) -> None:
    rows = pick(data.test_frame, data.features, data.optional)
    assert len(rows) == ROWS
    assert all(list(row) == list(data.features.order) for row in rows)
    gaps = [row for row in rows if None in row.values()]
    assert 0 < len(gaps) < ROWS
    assert all(data.optional[name] for row in gaps for name, value in row.items() if value is None)


def test_values_are_what_a_caller_sends(data: Data) -> None:
    row = pick(data.test_frame, data.features, data.optional)[0]
    assert isinstance(row["old"], bool)
    assert isinstance(row["city"], str)
    assert isinstance(row["weight"], int | float)


def test_rows_a_caller_may_not_send_are_not_picked(data: Data) -> None:
    rows = pick(data.test_frame, data.features, dict.fromkeys(data.optional, False))
    assert rows
    assert all(None not in row.values() for row in rows)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8-static"])
def test_answers_repeat_after_json(data: Data, graph: bytes, precision: Precision) -> None:
    predict = Session(graph).predict
    made = golden(data.test_frame, data.features, data.optional, data.task, predict, precision)
    read = json.loads(json.dumps(made, allow_nan=False))
    again = predict(data.features.from_instances(read["instances"]))
    np.testing.assert_allclose(
        only(again), read["outputs"][data.task.outputs[0].name], atol=1e-6 * data.task.outputs[0].unit, rtol=1e-6
    )
    assert read["rtol"] == TOLERANCE[precision]
    assert read["atol"] == pytest.approx(TOLERANCE[precision] * data.task.outputs[0].unit)
