"""The labels of a row, however a file has them, are one sorted list."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from app.sources.rules import ColumnRule
from training.errors import DataError
from training.tasks.labels import cells
from training.tasks.truths import TargetColumn


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (pa.array([["b", "a"], [], None, ["a", None, " a "]]), ['["a", "b"]', "[]", "", '["a"]']),
        (pa.array([[2, 1], None]), ['["1", "2"]', ""]),
        (pa.array([[2.0], [1.5]]), ['["2"]', '["1.5"]']),
        (pa.array([[True], [False]]), ['["true"]', '["false"]']),
        (pa.array([["e\u0301"], ["\u00e9"]]), ['["\u00e9"]'] * 2),
        (pa.array([], pa.list_(pa.string())), []),
    ],
)
def test_lists(values: Any, found: list[str]) -> None:
    assert cells.of_lists(values, "topics").tolist() == found


def test_lists_of_something_else_are_refused() -> None:
    with pytest.raises(DataError, match=r"expected lists of names in 'topics'. Received: \{'a': 1\} in one"):
        cells.of_lists(pa.array([[{"a": 1}]]), "topics")


def test_texts_with_separators() -> None:
    """A list in JSON as well; white space does not matter, and an empty cell is missing."""
    texts = pa.array(["b|a", " a | b", "", None, "[]", "|", '["b", "a"]', "a"])
    assert cells.of_texts(texts, "|").tolist() == [*['["a", "b"]'] * 2, "", "", "[]", "[]", '["a", "b"]', '["a"]']
    assert cells.of_texts(pa.array(["a;b"]), ";").tolist() == ['["a", "b"]']
    assert cells.of_texts(pa.array([], pa.string()), "|").tolist() == []


def test_a_column_a_label() -> None:
    """Words, truths and numbers; a row is missing where one of its cells is."""
    columns = [pa.array(["Yes", "no", "no", None]), pa.array([True, True, False, True]), pa.array([0, 1, 0, 0])]
    assert cells.of_columns(columns, ["c", "a", "b"]).tolist() == ['["a", "c"]', '["a", "b"]', "[]", ""]
    none = [pa.array([], pa.string())] * 2
    assert cells.of_columns(none, ["a", "b"]).tolist() == []


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        (("0", "1"), True),
        (("Yes", "no"), True),
        (("true", "false", "1"), True),
        (("0",), False),
        (("1", "1.0"), False),
        (("0", "1", "2"), False),
        (None, False),
    ],
)
def test_what_says_both_yes_and_no_is_a_column_of_a_label(words: tuple[str, ...] | None, is_one: bool) -> None:
    assert cells.is_of_label(TargetColumn("a", "words", ColumnRule(), words, "string")) is is_one


def test_cells_and_lists_are_read_alike() -> None:
    assert cells.read('["a", "b"]') == cells.read(["a", "b"]) == cells.read(np.array(["a", "b"])) == ("a", "b")
    assert cells.read("[]") == ()
