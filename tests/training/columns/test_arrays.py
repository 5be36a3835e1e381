import numpy as np
import pytest

from training.columns.arrays import Ragged

ROWS = Ragged(np.arange(6, dtype=np.int32), np.array([0, 2, 2, 5, 6]))  # [0 1], [], [2 3 4], [5]


def listed(rows: Ragged) -> list[list[int]]:
    return [part.tolist() for part in np.split(rows.values, rows.splits[1:-1])]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (slice(1, 3), [[], [2, 3, 4]]),
        (slice(3, 9), [[5]]),
        ([3, 0, 0], [[5], [0, 1], [0, 1]]),
        (np.array([True, False, True, False]), [[0, 1], [2, 3, 4]]),
    ],
)
def test_some_rows_of_any_length_are_taken(rows: object, expected: list[list[int]]) -> None:
    assert listed(ROWS[rows]) == expected
    assert ROWS[rows].dtype == np.int32


def test_no_row_is_taken() -> None:
    assert len(ROWS[[]]) == len(ROWS[2:2]) == 0


def test_rows_of_any_length_stand_behind_one_another() -> None:
    parts = [ROWS[:2], ROWS[2:]]
    assert listed(Ragged.joined(parts)) == listed(ROWS)
