"""Values fall into the bins of training, each row into one of every feature, and the index says how far they moved."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bundle import reader as bundles
from app.drift.counts import BINS_MAX, DRIFTED, FLOOR, MOVED, Counts, Table, psi
from tests.support import tiny
from tests.support.serving import ROOT

ADULT = ROOT / "models/adult-income/1"
TINY = tiny.Tiny(profiled=True)


def table_of(root: Path, made: tiny.Tiny = TINY) -> Table:
    return Table(bundles.read(tiny.write(root, made)))


def counted(table: Table, counts: Counts, feature: str) -> dict[str, float]:
    """The bins of a feature that hold anything."""
    column = next(column for column in table.columns if column.name == feature)
    found = zip(column.layout.names, counts.values[column.place].tolist(), strict=True)
    return {name: rows for name, rows in found if rows}


def count(table: Table, rows: list[dict[str, Any]], answers: list[list[float]], made: tiny.Tiny = TINY) -> Counts:
    name = "value" if made.task == "regression" else "probabilities"
    return table.count(tiny.tensors(made, rows), {name: np.array(answers, np.float32)})


def row(**values: Any) -> dict[str, Any]:
    return {"age": 1.0, "hours-per-week": 1.0, "member": True, "level": "low"} | values


def test_a_number_on_an_edge_belongs_to_the_bin_below(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    rows = [row(age=age) for age in (-5.0, 1.0, 1.0001, 2.0, 9.0, 9.5, 1e9)]
    counts = count(table, rows, [[1, 0]] * 7)
    assert counted(table, counts, "age") == {"1": 2, "2": 2, "9": 1, "10": 2}
    assert counts.rows == 7


def test_booleans_are_zero_and_one(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    counts = count(table, [row(member=False), row(), row()], [[1, 0]] * 3)
    assert counted(table, counts, "member") == {"1": 1, "2": 2}


def test_missing_numbers_and_words_have_a_bin_of_their_own(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    counts = count(table, [row(**{"hours-per-week": None}), row(level=None)], [[1, 0]] * 2)
    assert counted(table, counts, "hours-per-week") == {"1": 1, "missing": 1}
    assert counted(table, counts, "level") == {"low": 1, "missing": 1}


def test_a_known_word_without_a_bin_is_other_and_an_unknown_one_unseen(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    counts = count(table, [row(level="high"), row(level="?"), row(level="LOW")], [[1, 0]] * 3)
    assert counted(table, counts, "level") == {"other": 1, "unseen": 2}


def test_numbers_outside_what_training_saw(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    rows = [row(age=age) for age in (-0.1, 0.0, 10.0, 10.1, 99.0)]
    counts = count(table, [*rows, row(**{"hours-per-week": None})], [[1, 0]] * 6)
    found = dict(zip([f.name for f in table.features], counts.out_of_range.tolist(), strict=True))
    assert found == {"age": 3, "hours-per-week": 0, "member": 0, "level": 0}


def test_a_prediction_is_its_most_probable_label(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    counts = count(table, [row()] * 3, [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    assert counted(table, counts, "target") == {"no": 1, "yes": 2}
    assert counts.predictions == 3


def test_a_prediction_that_is_a_number_has_deciles(tmp_path: Path) -> None:
    made = tiny.Tiny(task="regression", profiled=True)
    table = table_of(tmp_path, made)
    counts = count(table, [row()] * 3, [[0.5], [2.5], [1e6]], made)
    assert counted(table, counts, "target") == {"1": 1, "3": 1, "10": 1}


def test_a_prediction_that_is_not_finite_is_not_counted(tmp_path: Path) -> None:
    """Only tensors may be answered with one."""
    table = table_of(tmp_path)
    counts = count(table, [row()] * 2, [[np.nan, 0.1], [0.2, 0.8]])
    assert counted(table, counts, "target") == {"yes": 1}
    assert (counts.rows, counts.predictions) == (2, 1)


VALUES = st.floats(width=32, allow_infinity=False) | st.none()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(VALUES, st.sampled_from(["low", "high", "?", None])), min_size=1, max_size=20))
def test_every_row_falls_into_one_bin_of_each_feature(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[float | None, str | None]]
) -> None:
    table = table_of(tmp_path_factory.mktemp("models"))
    rows = [row(**{"hours-per-week": number, "level": word}) for number, word in values]
    counts = count(table, rows, [[1, 0]] * len(rows))
    for column in table.columns:
        assert counts.values[column.place].sum() == len(rows)


def test_every_bin_has_its_training_share_and_they_sum_to_one() -> None:
    table = Table(bundles.read(ADULT))
    for column in table.columns:
        assert len(column.layout.names) == len(set(column.layout.names)) == len(column.layout.shares)
        assert sum(column.layout.shares) == pytest.approx(1)


def test_counts_add_up_with_their_weights(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    sums = table.empty()
    sums.add(count(table, [row(age=11.0)], [[1, 0]]), weight=8.0)
    sums.add(count(table, [row(age=0.5)], [[1, 0]]))
    assert counted(table, sums, "age") == {"1": 1, "10": 8}
    assert sums.out_of_range.tolist() == [8, 0, 0, 0]
    assert (sums.rows, sums.predictions) == (2, 2)


# ── what a writer may come up with ──


def category(values: list[str], **shares: Any) -> dict[str, Any]:
    even = [1 / len(values)] * len(values)
    return {"kind": "category", "values": values, "shares": even, "other": 0.0, "missing": 0.0} | shares


def table_with(level: dict[str, Any], root: Path) -> Table:
    folder = tiny.write(root)
    content = tiny.profile(TINY) | {"features": {"level": level}}
    (folder / bundles.PROFILE).write_text(json.dumps(content))
    tiny.rewrite_manifest(folder, tiny.manifest(tiny.Tiny()))
    return Table(bundles.read(folder))


def test_a_value_that_is_called_like_a_bin_is_told_from_it(tmp_path: Path) -> None:
    table = table_with(category(["other", "missing", "unseen", '"other"']), tmp_path)
    assert table.features[0].layout.names[:4] == ('"other"', '"missing"', '"unseen"', '""other""')
    assert table.features[0].layout.names[4:] == ("other", "missing", "unseen")
    counts = count(table, [row(level="other"), row(level="low"), row(level="???")], [[1, 0]] * 3)
    assert counted(table, counts, "level") == {'"other"': 1, "other": 1, "unseen": 1}


def test_the_names_of_long_values_are_cut_and_stay_apart(tmp_path: Path) -> None:
    table = table_with(category(["a" * 5000 + "1", "a" * 5000 + "2"]), tmp_path)
    bins = table.features[0].layout.names
    assert len(set(bins)) == len(bins)
    assert max(map(len, bins)) < 120
    counts = count(table, [row(level="a" * 5000 + "2")], [[1, 0]])
    assert counts.values[table.features[0].start + 1] == 1


def test_of_many_values_the_most_frequent_have_bins(tmp_path: Path) -> None:
    shares = [0.001] * 70 + [0.031] * 30
    values = [f"v{number}" for number in range(100)]
    table = table_with(category(values, shares=shares, missing=max(0.0, 1 - sum(shares))), tmp_path)
    feature = table.features[0]
    assert feature.layout.names[:30] == tuple(values[70:])
    assert feature.layout.shares[30] == pytest.approx(0.07)
    counts = count(table, [row(level="v3"), row(level="v99")], [[1, 0]] * 2)
    assert counted(table, counts, "level") == {"v99": 1, "other": 1}


def test_many_labels_share_a_bin(tmp_path: Path) -> None:
    labels = [f"label {number}" for number in range(40)]
    made = tiny.Tiny(task="multiclass", labels=labels, profiled=True)
    table = table_of(tmp_path, made)
    assert len(table.prediction.layout.names) == 31
    counts = count(table, [row()] * 2, [np.eye(40)[0].tolist(), np.eye(40)[39].tolist()], made)
    assert counted(table, counts, "target") == {"label 0": 1, "other": 1}


def test_of_very_many_features_the_first_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = tiny.Tiny(numbers=[f"n{number}" for number in range(300)], booleans=(), strings=(), profiled=True)
    table = table_of(tmp_path, made)
    assert table.bins <= BINS_MAX
    assert 150 < len(table.features) < 300
    assert f"drift is counted for {len(table.features)} of 300 features" in caplog.text
    outputs = {"probabilities": np.zeros((2, 2), np.float32)}
    counts = table.count({"numeric": np.zeros((2, 300), np.float32)}, outputs)
    assert counts.values.sum() == 2 * (len(table.features) + 1)


def test_without_a_vocabulary_what_has_no_bin_is_unseen(tmp_path: Path) -> None:
    def forget(manifest: dict[str, Any]) -> None:
        manifest["features"][-1]["vocabulary"] = None

    table = Table(bundles.read(tiny.write(tmp_path, TINY, forget)))
    assert counted(table, count(table, [row(level="high")], [[1, 0]]), "level") == {"unseen": 1}


# ── the index ──


def test_the_index_of_the_same_shares_is_zero() -> None:
    assert psi([0.2, 0.3, 0.5], [20, 30, 50]) == 0


def test_the_index_by_hand() -> None:
    """(0.7 - 0.5) ln(0.7 / 0.5) + (0.3 - 0.5) ln(0.3 / 0.5)."""
    assert psi([0.5, 0.5], [70, 30]) == pytest.approx(0.2 * np.log(1.4) - 0.2 * np.log(0.6))


def test_an_empty_bin_counts_as_the_floor() -> None:
    expected = (1 - 0.5) * np.log(1 / 0.5) + (FLOOR - 0.5) * np.log(FLOOR / 0.5)
    assert psi([0.5, 0.5], [10, 0]) == pytest.approx(expected)
    assert psi([1, 0], [10, 0]) == 0


def test_a_shift_of_one_deviation_passes_the_bound_in_deciles() -> None:
    normal = np.random.default_rng(7).normal(size=20_000)
    edges = np.quantile(normal, np.arange(1, 10) / 10)
    shares = np.bincount(np.searchsorted(edges, normal), minlength=10) / len(normal)

    def index(shift: float) -> float:
        sample = np.random.default_rng(8).normal(shift, size=5000)
        return psi(shares.tolist(), np.bincount(np.searchsorted(edges, sample), minlength=10).tolist())

    assert index(1.0) > DRIFTED
    assert index(0.0) < MOVED / 5
