import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.training import honesty
from benchmarks.training.judged_tables import Judged, about, judge, judged
from benchmarks.training.processes import KINDS, RIGHT, WRONG
from benchmarks.training.repeated_rows import Repeated
from tests.training.conftest import shares
from training.tasks.label.classification import Classification

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # as in tests/training

ONE = Judged("group", RIGHT, 0, value=0.5, low=0.4, high=0.6, truth=0.55, few="", seconds=2.0)
REPEATED = Repeated(1e-9, (0.5, 0.52, 0.54), (0.51, 0.53, 0.52))


@pytest.mark.parametrize("kind", ["time", "weights", "rare"])
def test_the_right_way_holds_the_truth(kind: str, tmp_path: Path) -> None:
    process = KINDS[kind](2)
    process.table().to_csv(tmp_path / "table.csv", index=False)
    found = judge(process, RIGHT, 2, tmp_path / "table.csv")
    assert found.holds
    assert found.low < found.value < found.high
    assert not found.few


def test_customers_on_both_sides_promise_what_new_ones_do_not_keep() -> None:
    right, wrong = judged("group", 1)
    assert right.holds
    assert wrong.truth < wrong.low - 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_rows_have_the_columns_of_the_table(kind: str) -> None:
    process = KINDS[kind](0)
    table, fresh = process.table(), process.fresh(1000, RIGHT)
    assert set(table.columns) - set(fresh.columns) <= {"people"}
    assert abs(len(fresh) - 1000) < 100
    assert KINDS[kind](0).table().equals(table)


def test_people_stand_for_as_many_as_there_are() -> None:
    process = KINDS["weights"](0)
    table = process.table()
    second = table["part"] == "b"
    assert np.average(second, weights=table["people"]) == pytest.approx(0.7, abs=0.03)
    assert (process.fresh(20_000, RIGHT)["part"] == "b").mean() == pytest.approx(0.7, abs=0.02)


def test_two_labels_are_turned_to_the_one_that_is_asked_about() -> None:
    task, outputs = about(Classification(("fraud", "ok")), shares([[0.9, 0.1]]), "fraud")
    assert task.answer()["labels"] == ("ok", "fraud")
    assert outputs["probabilities"].tolist() == [[0.1, 0.9]]
    same = Classification(("ok", "fraud"))
    assert about(same, shares([[0.9, 0.1]]), "fraud")[0] is same


def test_a_share_of_the_tables_may_miss_the_truth() -> None:
    def row(way: str, holds: int) -> str:
        return honesty.Row("group", way, 100, holds).verdict

    assert [row(RIGHT, holds) for holds in (89, 90, 98, 99)] == ["missed", "holds", "holds", "missed"]
    assert [row(WRONG, holds) for holds in (60, 61)] == ["holds", "missed"]
    assert REPEATED.holds
    assert not replace(REPEATED, apart=1e-5).holds
    assert not replace(REPEATED, repeated=(0.6, 0.6, 0.6)).holds


def test_the_page_counts_what_stands_in_the_store(tmp_path: Path) -> None:
    store = tmp_path / "tables.jsonl"
    pairs = [replace(ONE, seed=seed, way=way, truth=0.3 if seed else 0.5) for seed in (0, 1) for way in (RIGHT, WRONG)]
    store.write_text("".join(json.dumps(asdict(one)) + "\n" for one in pairs))
    found = honesty.tables("group", range(2), store)
    assert found == pairs
    page = honesty.laid_out(found, REPEATED, "honesty")
    options = "`--group-column customer`"
    assert f"| group | right: {options} | r2 | 2 | 1 | too few tables to say | 0.500 | 0.400 to 0.600 | 0.400 |" in page
    assert "| group | wrong: defaults | r2 | 2 | 1 | too few" in page
