from pathlib import Path

from tests.training.compression.made_up import FP32, candidate
from training.budget import USUAL
from training.compression.selection import choose, facts
from training.options import Options
from training.reporting.compression_section import costs_table, differences_table

CHOICE = choose((FP32, candidate("int8-static", size=300, one=90, many=150), candidate("b", loss_points=2.0)), USUAL)


def test_every_candidate_has_its_costs_and_its_verdict() -> None:
    lines = costs_table(CHOICE).splitlines()
    assert lines[2] == "| fp32 | 1,000 | 1.5 | 100 | 200 | +0.00 | 0 | might ship |"
    assert lines[3] == "| **int8-static** | 300 | 1.5 | 90 | 150 | +0.00 | 0 | ships |"
    assert lines[4].endswith("| loses 2.00 points on validation (budget 0.5) |")


def test_every_metric_has_its_difference_to_fp32() -> None:
    metrics = {name: {"roc_auc": value} for name, value in (("fp32", 0.9), ("int8-static", 0.895), ("b", 0.91))}
    assert differences_table(CHOICE, metrics).splitlines()[2:] == [
        "| fp32 | 0.9000 (+0.0000) |",
        "| **int8-static** | 0.8950 (-0.0050) |",
        "| b | 0.9100 (+0.0100) |",
    ]


def test_the_manifest_keeps_what_was_measured() -> None:
    found = facts(CHOICE, Options.of(data=Path("goods.csv")))
    assert (found["search"], found["budget"], found["shipped"]) == ("quick", "0.5", "int8-static")
    assert found["candidates"]["int8-static"]["latency_us"] == {"1": 90, "32": 150}
    assert found["candidates"]["b"]["verdict"].startswith("loses 2.00 points")
