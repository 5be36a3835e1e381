"""What is said of labels: a table, the scarce ones, and columns that look so."""

import numpy as np
import pyarrow as pa
import pytest

from app.sources.tally import Tally
from training.columns.arrays import Rows
from training.tasks.labels.account import scarce, suggestion, table_of_labels


def tally(*cells: str | None) -> Tally:
    found = Tally("tags", is_text=True)
    found.add(pa.array(cells), 1)
    return found


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            ["a|b", "a|c", "b|c", "a", "b", "c"],
            "looks like several of 3 labels a cell, such as 'a|b': --task multilabel",
        ),
        (["a; b", "a; c", "b; c", "c"], "--task multilabel --separator ';'"),
        (["a,b", "a,c", "b,c", "c"], "--separator ','"),
        (["Smith, Jo", "Jones, Al", "Brown, Di"], None),
        (["Rome, Italy", "Milan, Italy", "Paris, France"], None),
        ([*["a"] * 50, *["b"] * 50, "c", "a|b"], None),
        (["a", "b"], None),
        ([None, None], None),
    ],
)
def test_cells_whose_parts_come_again_look_like_several_labels(cells: list[str | None], said: str | None) -> None:
    found = suggestion(tally(*cells))
    assert found is None if said is None else said in (found or "")


def test_a_table_has_a_line_a_label_and_the_most_frequent_of_many() -> None:
    y = np.zeros((200, 120), bool)
    for label in range(120):
        y[: label + 1, label] = True
    scores = np.where(y, 0.9, 0.1)
    names = [f"label {at}" for at in range(120)]
    title, table, more = table_of_labels(names, [0.5] * 120, Rows({}, y), scores >= 0.5, scores)
    lines = table.splitlines()
    assert (title, len(lines), more) == ("### Each label", 102, "20 rarer labels are not shown.")
    assert [cell.strip() for cell in lines[2].strip("|").split("|")][:4] == ["label 20", "10.50%", "0.5000", "1.0000"]


def test_labels_that_few_rows_have_or_lack_are_named() -> None:
    y = np.zeros((200, 3), bool)
    y[:100, 0] = y[:4, 1] = y[:199, 2] = True
    found = scarce(y, ["a", "b", "c"], 50)
    assert found["macro_f1"] == "1 row of `c`, 4 rows of `b`"
    assert "micro_f1" not in found
    assert scarce(y[:, :1], ["a"], 50) == {}
