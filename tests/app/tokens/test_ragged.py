"""Rows of any length: which rows run together, and that nobody's answer tells."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from app.errors import BundleError
from app.runtime.engine import Engine
from app.tokens import ragged
from tests.app import graphs

TABLE = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)  # (tokens, 3)
TABLE[0] = 0  # padding adds nothing


def summed(datatype: str = "INT32") -> onnx.ModelProto:
    """Make a graph that adds up the table's rows of all tokens, and says how many tokens a row was padded to."""
    nodes = [
        graphs.node("Gather", ["table", "tokens"], ["rows"]),
        graphs.node("ReduceSum", ["rows", "axes"], ["sums"], keepdims=0),
        graphs.node("Mul", ["sums", "scale"], ["y"]),
        graphs.node("Shape", ["tokens"], ["width"], start=2),
        graphs.node("Shape", ["tokens"], ["count"], end=1),
        graphs.node("Expand", ["width", "count"], ["widths"]),
    ]
    inputs = [graphs.tensor("tokens", ["batch", 2, "tokens"], datatype), graphs.tensor("scale", ["batch", 1])]
    outputs = [graphs.tensor("y", ["batch", 3]), graphs.tensor("widths", ["batch"], "INT64")]
    return graphs.graph(nodes, inputs, outputs, table=TABLE, axes=np.array([1, 2]))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(graphs.write(tmp_path, summed()) / "model.onnx", 1)


def rows(lengths: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Make rows of two columns with so many tokens each."""
    random = np.random.default_rng(1)
    tokens = np.empty((len(lengths), 2), object)
    for place in np.ndindex(tokens.shape):
        tokens[place] = random.integers(1, 100, lengths[place[0]][place[1]], dtype=np.int32)
    return {"tokens": tokens, "scale": np.arange(1, len(lengths) + 1, dtype=np.float32)[:, None]}


def expected(inputs: dict[str, Any]) -> Any:
    sums = [sum(TABLE[ids].sum(axis=0) for ids in row) for row in inputs["tokens"]]
    return np.array(sums) * inputs["scale"]


def test_rows_of_like_length_run_together_and_answers_come_back_in_order(engine: Engine) -> None:
    """Nothing is padded beyond its group."""
    inputs = rows([(40, 3), (2, 2), (5, 1), (3, 4), (1, 39), (0, 0), (90, 4)])
    y, widths = engine.run(inputs)
    np.testing.assert_allclose(y, expected(inputs), rtol=1e-4, atol=1e-4)
    assert widths.tolist() == [40, 2, 5, 5, 40, 1, 90]


def test_a_row_alone_is_answered_as_in_company(engine: Engine) -> None:
    inputs = rows([(length % 23, length * 7 % 50) for length in range(50)])
    together = engine.run_named(inputs)["y"]
    for row in range(50):
        alone = engine.rehearse_named({name: array[row : row + 1] for name, array in inputs.items()})["y"]
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-5, atol=1e-4)


def test_tensors_of_numbers_are_run_as_they_are(engine: Engine) -> None:
    tokens = np.array([[[1, 2, 0], [3, 0, 0]], [[4, 0, 0], [0, 0, 0]]], np.int32)
    y, widths = engine.run({"tokens": tokens, "scale": np.ones((2, 1), np.float32)})
    np.testing.assert_allclose(y, TABLE[tokens].sum(axis=(1, 2)), rtol=1e-5)
    assert widths.tolist() == [3, 3]


@pytest.mark.parametrize("lengths", [[1], [3, 1, 2, 1], [7] * 9, [0, 1, 4, 5, 6, 8, 10], [256, 1, 205, 206, 320]])
def test_groups_hold_each_row_once_and_rows_of_like_length(lengths: list[int]) -> None:
    found = ragged.groups_of(np.array(lengths))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    for group in found:
        its = [max(1, lengths[row]) for row in group]
        assert max(its) <= ragged.STRETCH * min(its)
    longest = [max(1, *(lengths[row] for row in group)) for group in found]
    assert longest == sorted(longest)
    assert len(found) <= 1 + len({*lengths})
    assert len(ragged.groups_of(np.array([4, 5, 5, 4]))) == 1


def test_a_group_holds_no_more_numbers_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ragged, "GROUP_NUMBERS", 12)
    found = ragged.groups_of(np.array([4, 4, 5, 4, 30, 3, 31]))
    assert [group.tolist() for group in found] == [[5], [0, 1, 3], [2], [4], [6]]


def test_other_graphs_run_without_a_step_more(tmp_path: Path) -> None:
    """Numbers of another kind or of a fixed size are no rows of tokens: the session's own `run` is called."""
    for name, model in (("linear", graphs.linear()), ("wide", summed("INT64"))):
        engine = Engine(graphs.write(tmp_path, model, name) / "model.onnx", 1)
        assert engine._run == engine._session.run


def test_a_token_that_the_graph_does_not_know_is_said(engine: Engine) -> None:
    """At load a failure is the graph's, in whichever group it happens."""
    inputs = rows([(1, 1), (50, 1)])
    inputs["tokens"][1, 0][3] = 1000
    with pytest.raises(BundleError, match="cannot run it"):
        engine.rehearse(inputs)
