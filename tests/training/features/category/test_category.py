import numpy as np
import pandas as pd
import pytest

from tests.training.features.described import described
from training.features.base import Content
from training.features.category.category import MAX_BINS, MIN_VALUE_ROWS, SLICE_ROWS, CategoryColumn
from training.features.registry import feature_type

CATEGORY = feature_type("category")


def objection(values: list[str]) -> str | None:
    summary = CATEGORY.summary()
    summary.add(np.array(values, object))
    return CATEGORY.objection(Content(summary, len(set(values) - {""})), "a")


def bins(words: list[str], *vocabulary: str) -> dict[str, object]:
    cells = np.array(words, object)[:, None]
    return CATEGORY.bins(CategoryColumn("a", 0.1, vocabulary), {"categorical": cells})


def test_vocabularies_are_frequent_values_first_and_bounded() -> None:
    values = ["b"] * 9 + ["a"] * 5 + ["c"] * 5 + ["rare"] * (MIN_VALUE_ROWS - 1) + [""] * 3
    frame, types = pd.DataFrame({"a": values}), {"a": "category"}
    assert described(frame, types).manifest("a")["vocabulary"] == ("b", "a", "c")
    assert described(frame, types, max_vocabulary=2).manifest("a")["vocabulary"] == ("b", "a")


@pytest.mark.parametrize(
    ("values", "reason"),
    [([f"name {i}" for i in range(30)], "nearly every value"), ([""] * 30, "missing"), (["x"] * 30, "same value")],
)
def test_columns_that_say_nothing_are_dropped(values: list[str], reason: str) -> None:
    found = objection(values)
    assert found is not None
    assert reason in found


def test_columns_that_may_say_something_stay() -> None:
    assert objection(["x", "y", "z"] * 10) is None


def test_shares_sum_to_one_and_what_the_graph_does_not_know_is_unseen() -> None:
    found = bins(["a"] * 5 + ["b"] * 3 + ["", "rare"], "a", "b")
    assert (found["values"], found["shares"]) == (["a", "b"], [0.5, 0.3])
    assert (found["missing"], found["other"]) == (0.1, 0)
    assert found["unseen"] == pytest.approx(0.1)


def test_a_long_vocabulary_is_cut() -> None:
    words = [f"w{i}" for i in range(100)]
    found = bins(words, *words)
    assert found["values"] == words[:MAX_BINS]
    assert found["other"] == pytest.approx(1 - MAX_BINS / 100)
    assert found["unseen"] == 0


def test_slices_are_the_values_with_rows_enough() -> None:
    cells = np.array(["a"] * SLICE_ROWS + [""] * SLICE_ROWS + ["rare"] * 3, object)[:, None]
    column = CategoryColumn("a", 0.1, ("a",))
    found = {words: int(mask.sum()) for words, mask in CATEGORY.slices(column, {}, {"categorical": cells})}
    assert found == {"a": SLICE_ROWS, "missing": SLICE_ROWS}
