"""Each row counts as one of its rarest label."""

import numpy as np
import pytest

from training.errors import DataError
from training.tasks.labels.strata import strata


def rows(*counts: tuple[int, list[int]]) -> np.ndarray:
    """So many rows of each, with which of three labels."""
    return np.concatenate([np.tile(np.array(row, bool), (count, 1)) for count, row in counts])


def test_each_row_counts_as_its_rarest_label_or_as_one_without() -> None:
    found = strata(rows((40, [1, 0, 0]), (15, [1, 1, 0]), (14, [0, 1, 1]), (16, [0, 0, 0])), ["a", "b", "c"])
    assert found.names == ("a", "b", "c", "no label")
    assert [found.names[place] for place in found.of[[0, 40, 55, 69]].tolist()] == ["a", "b", "c", "no label"]


def test_strata_of_few_rows_are_joined() -> None:
    """A label that mostly stands beside rarer ones has few rows that count as it."""
    few = rows((40, [1, 0, 0]), (18, [1, 1, 1]), (2, [0, 1, 0]), (1, [0, 0, 0]))
    found = strata(few, ["a", "b", "c"])
    assert found.names == ("a", "c")
    assert np.bincount(found.of).tolist() == [43, 18]
    more = strata(np.concatenate([few, rows((4, [0, 1, 0]), (5, [0, 0, 0]))]), ["a", "b", "c"])
    assert more.names == ("a", "c", "a rare label")
    assert np.bincount(more.of).tolist() == [40, 18, 12]


@pytest.mark.parametrize(
    ("few", "message"),
    [([0, 0, 1], r"fewer with: 'c' \(2\)"), ([1, 0, 1], r"fewer with: 'c' \(2\)")],
)
def test_a_label_that_hardly_any_row_has_is_named(few: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        strata(rows((20, [1, 0, 0]), (9, [0, 1, 0]), (2, few)), ["a", "b", "c"])


def test_a_label_that_hardly_any_row_lacks_is_named() -> None:
    with pytest.raises(DataError, match=r"fewer without: 'a' \(1\)"):
        strata(rows((20, [1, 0, 1]), (9, [1, 1, 0]), (1, [0, 1, 0])), ["a", "b", "c"])
