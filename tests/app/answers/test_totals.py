"""Totals: they add up in any order to the last bit, and give the metrics of scikit-learn."""

import math
import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn import metrics

from app.answers import label_totals, labels_totals, value_totals
from app.answers.figures import Figure, of_mean, precision_area, roc_area
from app.answers.totals import STEP_BITS, Totals, exact_sum

CHANCE = np.random.default_rng(3)
ROWS = 4000


def shares(labels: int, rows: int = ROWS) -> Any:
    """True labels and probabilities that know something of them."""
    true = CHANCE.integers(labels, size=rows)
    logits = CHANCE.normal(size=(rows, labels)) + 1.5 * np.eye(labels)[true]
    found = np.exp(logits)
    return true, (found / found.sum(axis=1, keepdims=True)).astype(np.float32)


def in_parts(made: Any, *arrays: Any) -> Totals:
    """The totals of parts of several sizes, added in another order, by way of JSON."""
    cuts = [0, 1, 7, 1000, 1001, 3999, ROWS]
    parts = [made(*[array[a:b] for array in arrays]) for a, b in pairwise(cuts)]
    random.Random(5).shuffle(parts)
    whole = Totals()
    for part in parts:
        whole.add(msgspec.json.decode(msgspec.json.encode(part), type=Totals))
    return whole


@pytest.mark.parametrize(
    "values",
    [[], [0.1] * 10, [1e308, 1.0, -1e308], [5e-324, -5e-324, 2.0**-1000], [-0.0], list(CHANCE.normal(size=999) ** 9)],
)
def test_floats_are_summed_without_rounding(values: list[float]) -> None:
    assert Fraction(exact_sum(np.array(values)), 1 << STEP_BITS) == sum(map(Fraction, values))


def test_parts_add_up_to_the_last_bit() -> None:
    true, found = shares(3)
    numbers = CHANCE.normal(1.7e12, 1e3, ROWS)
    values = numbers + CHANCE.normal(size=ROWS)
    for made, arrays in (
        (label_totals.totals, (true, found)),
        (lambda *each: value_totals.totals(each[0], each[1], 1.7e12), (numbers, values)),
        (labels_totals.totals, (found > 0.3, found > 0.5, found)),
    ):
        assert msgspec.json.encode(in_parts(made, *arrays)) == msgspec.json.encode(made(*arrays))


@pytest.mark.parametrize("labels", [2, 3])
def test_labels_are_judged_as_by_scikit_learn(labels: int) -> None:
    true, found = shares(labels)
    figures = label_totals.figures(in_parts(label_totals.totals, true, found), labels)
    given, mean = found.argmax(axis=1), {"average": "binary" if labels == 2 else "macro"}
    wanted = {
        "accuracy": metrics.accuracy_score(true, given),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, given),
        "precision": metrics.precision_score(true, given, **mean),
        "recall": metrics.recall_score(true, given, **mean),
        "f1": metrics.f1_score(true, given, **mean),
        "log_loss": metrics.log_loss(true, found.astype(np.float64) / found.astype(np.float64).sum(axis=1)[:, None]),
    }
    assert {name: figures[name].value for name in wanted} == pytest.approx(wanted, rel=1e-9)
    areas = {"roc_auc": metrics.roc_auc_score, "pr_auc": metrics.average_precision_score}
    for name, area in areas.items():
        each = [area(true == label, found[:, label]) for label in (range(1, 2) if labels == 2 else range(labels))]
        assert abs(figures[name].value - np.mean(each)) <= figures[name].error < 2e-3
    for name, figure in figures.items():
        if labels == 2 or not name.endswith("auc"):
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low < figure.value < figure.high
            assert figure.high - figure.low < 0.1


def test_numbers_are_judged_as_by_scikit_learn() -> None:
    """Also far from zero, where squares of doubles know nothing of a deviation."""
    truth = CHANCE.normal(1.7e12, 1e3, ROWS)
    values = truth + CHANCE.normal(0, 300, ROWS)
    figures = value_totals.figures(
        in_parts(lambda *each: value_totals.totals(each[0], each[1], 1.7e12 + 50), truth, values)
    )
    wanted = {
        "mae": metrics.mean_absolute_error(truth, values),
        "rmse": metrics.root_mean_squared_error(truth, values),
        "r2": metrics.r2_score(truth, values),
    }
    assert {name: figure.value for name, figure in figures.items()} == pytest.approx(wanted, rel=1e-9)
    drawn = CHANCE.integers(ROWS, size=(300, ROWS))
    for name, judged in (("rmse", metrics.root_mean_squared_error), ("r2", metrics.r2_score)):
        low, high = np.quantile([judged(truth[rows], values[rows]) for rows in drawn], [0.025, 0.975])
        assert (figures[name].low, figures[name].high) == pytest.approx((low, high), abs=0.25 * (high - low))


def test_figures_can_be_written() -> None:
    """No number is NumPy's, which no report takes."""
    true, found = shares(3)
    has = true[:, None] == np.arange(3)
    every = (
        label_totals.figures(label_totals.totals(true, found), 3),
        labels_totals.figures(labels_totals.totals(has, found > 0.5, found), 3),
        value_totals.figures(value_totals.totals(found[:, 0], found[:, 1], 0.5)),
    )
    assert {type(figure.value) for figures in every for figure in figures.values()} == {float}
    assert msgspec.json.encode(every)


def test_several_labels_are_judged_as_by_scikit_learn() -> None:
    found = CHANCE.random((ROWS, 4)).astype(np.float32)
    true = CHANCE.random((ROWS, 4)) < found**2
    given = found >= np.float32(0.6)
    figures = labels_totals.figures(in_parts(labels_totals.totals, true, given, found), 4)
    wanted = {
        "micro_f1": metrics.f1_score(true, given, average="micro"),
        "macro_f1": metrics.f1_score(true, given, average="macro"),
        "exact": metrics.accuracy_score(true, given),
    }
    assert {name: figures[name].value for name in wanted} == pytest.approx(wanted, rel=1e-9)
    roc = metrics.roc_auc_score(true, found, average="macro")
    assert abs(figures["roc_auc"].value - roc) <= figures["roc_auc"].error < 1e-3
    assert figures["micro_f1"].low < figures["micro_f1"].value < figures["micro_f1"].high  # type: ignore[operator]


def test_the_error_of_an_area_holds_whatever_the_order_in_a_bin() -> None:
    """Few bins, so that nearly all rows share one with others."""
    true, found = shares(2, 500)
    scores = found[:, 1]
    bins = (scores * 6).astype(int)
    hits, misses = (np.bincount(bins[true == each], minlength=6).astype(float) for each in (1, 0))
    for area, judged in ((roc_area, metrics.roc_auc_score), (precision_area, metrics.average_precision_score)):
        value, error = area(hits, misses)
        assert value == pytest.approx(judged(true, bins), rel=1e-9)
        for within in (scores, bins + 0.5 * true, bins - 0.5 * true):
            assert abs(judged(true, within) - value) <= error * (1 + 1e-6)
        assert error < 0.2


def test_where_a_metric_has_no_meaning_there_is_none() -> None:
    one = label_totals.figures(label_totals.totals(np.zeros(5, int), np.tile([0.7, 0.3], (5, 1))), 2)
    assert "roc_auc" not in one
    assert one["accuracy"].value == 1
    assert "r2" not in value_totals.figures(value_totals.totals(np.ones(3), np.ones(3), 0.0))


def test_of_very_many_labels_no_table_is_kept() -> None:
    true, found = shares(label_totals.LABELS_MAX + 1, 1000)
    totals = label_totals.totals(true, found)
    assert set(totals.cells) == {"right"}
    assert set(label_totals.figures(totals, label_totals.LABELS_MAX + 1)) == {"accuracy", "log_loss"}


def test_a_mean_of_few_rows_reaches_further() -> None:
    few, many = of_mean(0.0, 1.0, 5), of_mean(0.0, 1.0, 5000)
    assert few.high == pytest.approx(2.776 / math.sqrt(4), rel=0.02)  # Student's t with four degrees of freedom
    assert many.high == pytest.approx(1.96 / math.sqrt(4999), rel=0.001)
    assert Figure(1.0).low is None
