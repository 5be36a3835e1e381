from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison import plots, report, soak
from benchmarks.comparison.claims import CLAIMS, Claim, goodput, ratio
from benchmarks.comparison.profile import lines
from benchmarks.harness.scrape import parse, total


def _point(peer: str, round_: int, cpu_us: float) -> dict[str, Any]:
    point: dict[str, Any] = {
        "peer": peer,
        "model": "tabular",
        "connections": 32,
        "round": round_,
        "cpu_us": cpu_us,
        "rps": 1e6 / cpu_us,
    }
    point |= {"p50_ms": 1.0, "p99_ms": 2.0, "p999_ms": 3.0, "rss_mb": 90.0, "requests": 1000, "errors": 0}
    return {**point, "foreign_share": 0.0}


def _offered(fraction: float, good: float, p99_ms: float) -> dict[str, Any]:
    zeros: dict[str, Any] = dict.fromkeys(
        ("unsent", "socket_errors", "accepted_p50_ms", "refused_p99_ms", "lag_p99_ms"), 0
    )
    return {
        "fraction": fraction,
        "goodput": good,
        "accepted_p99_ms": p99_ms,
        "offered": 10,
        "statuses": {"200": 10},
        **zeros,
    }


@pytest.fixture
def results() -> dict[str, Any]:
    points = [_point("slipway", i, us) for i, us in enumerate((10.0, 12.0, 90.0))]
    points += [_point("empty", i, us) for i, us in enumerate((20.0, 24.0, 30.0))]
    failures = [{"peer": "mosec", "model": None, "reason": "not installed: no wheel"}]
    sweep = [_offered(1.0, 1000.0, 20.0), _offered(1.0, 900.0, 20.0), _offered(2.0, 475.0, 40.0)]
    machine = {"cpu": "c", "cores": 2, "memory_gb": 4, "system": "s", "kernel": "k", "python": "3", "wrk": "wrk 4"}
    return {
        "full": True,
        "commit": "abc",
        "date": "2026-01-01",
        "machine": machine,
        "versions": {},
        "compare": {"points": points, "starts": [], "failures": failures, "bare": {"tabular": {"1": 6.0}}},
        "sweep": {"wide": {"capacity": 1000.0, "deadline_ms": 100, "connections": 2048, "points": sweep}},
    }


def test_a_ratio_is_that_of_the_medians(results: dict[str, Any]) -> None:
    assert ratio("cpu_us", "slipway", "empty", "tabular", 32)(results) == pytest.approx(12 / 24)


def test_a_ratio_that_was_not_measured_is_none(results: dict[str, Any]) -> None:
    assert ratio("cpu_us", "slipway", "triton", "tabular", 32)(results) is None
    assert ratio("cpu_us", "slipway", "empty", "tabular", 128)(results) is None


def test_goodput_is_that_at_the_highest_rate_over_the_best(results: dict[str, Any]) -> None:
    assert goodput("wide")(results) == pytest.approx(475 / 950)


def test_verdicts_follow_the_bounds() -> None:
    most = Claim("at most", must=0.8, hope=0.5, value=lambda _: None)
    assert [most.verdict(v) for v in (0.5, 0.7, 0.9, None)] == [
        "holds, as hoped",
        "holds",
        "**missed**",
        "not measured",
    ]
    least = replace(most, must=14, hope=22, least=True)
    assert [least.verdict(v) for v in (22, 15, 13)] == ["holds, as hoped", "holds", "**missed**"]


def test_every_claim_can_be_asked_of_results_that_hold_nothing() -> None:
    assert all(claim.value({}) is None for claim in CLAIMS)


def test_the_report_stands_between_its_markers(
    results: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "FOLDER", tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nan older table\n{report.END}\nafter\n")
    report.write(results, readme)
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "an older table" not in text
    assert "mosec: not measured: not installed: no wheel" in text
    assert (tmp_path / "cpu.svg").exists()


def test_metrics_are_read_with_their_labels() -> None:
    text = '# HELP x y\nx_sum{stage="run",model="a\\"b"} 1.5\nx_sum{stage="queue",model="c"} 2e-3\nup 1\n'
    assert total(parse(text), "x_sum", stage="run") == 1.5
    assert total(parse(text), "x_sum") == pytest.approx(1.502)


def test_stages_add_up_to_the_cpu_of_a_request() -> None:
    loaded: dict[str, Any] = {
        "cpu_us": 14.0,
        "stages_us": {"decode": 2.0, "run": 3.0, "encode": 1.0, "queue": 80.0},
        "rows_a_run": 20.0,
        "rps": 7e4,
    }
    inner = {"decode": 1.5, "run": 2.5, "encode": 0.5, "queue": 80.0}
    simulated: dict[str, Any] = {"cpu_us": 8.0, "stages_us": inner}
    us = {line.stage: line.us for line in lines({"loaded": loaded, "simulated": simulated})}
    assert us["rest in Python"] == 3.5
    work = us["decode"] + us["run"] + us["encode"]
    assert work + us["rest in Python"] + us["sockets and kernel"] == us["total CPU"]


def test_a_soak_is_flat_when_memory_wavers_and_not_when_something_grows() -> None:
    flat = [{"rss_mb": mb, "descriptors": 14, "threads": 2, "tasks": None} for mb in (100, 102, 99, 101, 103, 100)]
    assert soak.judge(flat)["grown"] == []
    leaking = [{**sample, "descriptors": 14 + i, "rss_mb": 100 + 5 * i} for i, sample in enumerate(flat)]
    assert soak.judge(leaking)["grown"] == ["descriptors", "memory"]
