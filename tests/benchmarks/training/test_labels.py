"""The page of several labels: ratios to the better opponent, and what int8 loses."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.training.labels import BASKETS, GOODS, baskets, int8_points, int8_row, ratio, row


def run(shipped: float, int8: float) -> dict[str, Any]:
    models = {"shipped": shipped, "fp32": 0.80, "linear": 0.7, "hist_gradient_boosting": 0.8, "baseline": 0.5}
    graphs = {"int8-static": int8, "int8-static-8bit": 0.8, "int8-static-u8": int8 - 0.1}
    metrics = {name: {"micro_f1": value, "roc_auc": value} for name, value in {**models, **graphs}.items()}
    candidates = {name: {"portable": name != "int8-static-8bit"} for name in graphs}
    return {"metrics": metrics, "training": {"compression": {"candidates": candidates}}, "precision": "int8-static"}


def test_what_shipped_is_held_against_the_better_opponent() -> None:
    assert ratio(run(0.796, 0.8), "micro_f1") == pytest.approx(0.995)
    assert "0.9950 | holds" in row("bank", "micro_f1", [run(0.796, 0.8)])
    assert "missed" in row("bank", "micro_f1", [run(0.78, 0.8)])


def test_the_best_int8_graph_that_may_ship_counts() -> None:
    assert int8_points(run(0.8, 0.798)) == pytest.approx(0.2)
    assert "+0.20 | holds | int8-static" in int8_row("bank", [run(0.8, 0.798)])
    assert "missed" in int8_row("bank", [run(0.8, 0.79)])


def test_a_basket_is_a_row_with_a_list_of_goods(tmp_path: Path) -> None:
    items = [(basket, f"item {number}") for basket in range(100) for number in range(100 - basket)]
    pd.DataFrame(items, columns=["basket_id", "item"]).to_csv(tmp_path / BASKETS, index=False)
    path, *words = baskets(tmp_path, tmp_path)
    found = pd.read_parquet(path)
    assert words == ["--target", "goods"]
    assert found["goods"].map(len).tolist()[:2] == [GOODS, GOODS]
    assert (found["goods"].iloc[-1].tolist(), found["others"].iloc[-1]) == (["item 0"], 0)
