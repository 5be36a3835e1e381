"""The page of texts: ratios of means, verdicts, and what is said where only the opponent was asked for."""

from dataclasses import replace

import pytest

from benchmarks.texts.opponent import Fitted
from benchmarks.texts.ours import Trained, int8_points
from benchmarks.texts.report import Pair, fit_lines, page, row, serving_page, size_row
from benchmarks.texts.serving import EMPTY, OURS, SKLEARN, Point, ratios
from benchmarks.texts.sets import SETS

OPPONENT = Fitted({"accuracy": 0.8, "macro_f1": 0.9}, ("words",), 5.0, 1_000_000, 1.0)
TRAINED = Trained({"accuracy": 0.8, "macro_f1": 0.9}, 100_000, "n-grams-50+int8", 0.1)


def test_the_ratio_is_that_of_the_means() -> None:
    one, other = Pair(0, OPPONENT, TRAINED), Pair(1, replace(OPPONENT, metrics={"accuracy": 0.9}), TRAINED)
    assert row("uci", "accuracy", [one, other]).endswith("| 0.8500 | 0.8000 | 0.9412 | 0.99 | 1.005 | missed |")
    assert row("uci", "accuracy", [one]).endswith("| 1.0000 | 0.99 | 1.005 | holds |")
    better = Pair(0, OPPONENT, replace(TRAINED, metrics={"accuracy": 0.81}))
    assert row("uci", "accuracy", [better]).endswith("| hoped for |")


def test_bytes_and_what_eight_bits_lose_are_told() -> None:
    said = size_row("uci", [Pair(0, OPPONENT, TRAINED)])
    assert (
        "| words, C 5 | 1,000 | n-grams-50+int8 | 100 | 0.100 | 0.35 | 0.16 | hoped for | +0.10 | 0.3 | holds |" in said
    )
    assert size_row("sms", [Pair(0, OPPONENT, replace(TRAINED, int8_points=None))]).endswith(
        "| 0.100 |  | |  |  | |  |"
    )


def test_the_worst_of_the_claimed_metrics_says_what_eight_bits_lose() -> None:
    metrics = {"fp32": {"roc_auc": 0.9, "micro_f1": 0.5}, "n-grams-int8": {"roc_auc": 0.9, "micro_f1": 0.496}}
    assert int8_points(metrics, ["roc_auc", "micro_f1"]) == pytest.approx(0.4)
    assert int8_points({"fp32": {}}, ["roc_auc"]) is None


def test_every_set_has_its_lines_with_and_without_ours() -> None:
    metrics = {metric: 0.5 for one in SETS.values() for metric in one.claims}
    theirs, ours = replace(OPPONENT, metrics=metrics), replace(TRAINED, metrics=metrics)
    for trained in (ours, None):
        said = page({name: [Pair(0, theirs, trained)] for name in SETS}, None)
        assert all(said.count(f"\n| {name} |") == len(SETS[name].claims) + 1 for name in SETS)
    (_, line) = fit_lines({"fit_cpu_s": 20.0, "export_cpu_s": 20.0, "prepare_cpu_s": 4.0})
    assert "40.0 CPU s" in line
    assert "holds" in line


def test_serving_is_told_beside_both() -> None:
    points = [
        Point(server, kind, rps, cpu_us, 1.0, 0)
        for server, rps, cpu_us in ((OURS, 5000, 150), (EMPTY, 20000, 50), (SKLEARN, 400, 2000))
        for kind in ("short", "long")
    ]
    found = ratios(points)
    assert (found["cpu_to_empty"], found["rps_to_sklearn"]) == (3.0, 12.5)
    said = serving_page(points, {"served": 0, "alone": 1}, 5, 3.0)
    assert "| 3.00 | ≤ 4 | ≤ 2.5 | holds |" in said
    assert "bare session | 0 | 0 | 0 | hoped for |" in said
    assert "among 50 | 1 | 0 | 0 | missed |" in said
    assert "| 12.5 | ≥ 10 | ≥ 20 | holds |" in said
