"""Two commits by turns: the order, the ratio and its interval, and a worktree that does not stay."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.comparison import commits
from benchmarks.comparison.commits import Outcome, Plan, Side, interval
from benchmarks.harness.check_answer import NotServingError
from benchmarks.harness.models import ROOT

SIDES = Side("old", Path("old")), Side("new", Path("new"))


def test_the_sides_take_turns_at_being_first() -> None:
    """A machine that drifts would favour who is always the second."""
    order: list[str] = []

    def measure(side: Side) -> dict[str, Any]:
        order.append(side.name)
        return {"name": side.name}

    pairs = [commits._pair(SIDES, turn, measure) for turn in range(4)]
    assert order == ["old", "new", "new", "old", "old", "new", "new", "old"]
    assert all(pair == {"before": {"name": "old"}, "after": {"name": "new"}} for pair in pairs)


def test_each_side_is_started_in_its_own_checkout() -> None:
    peers = [side.peer("slipway-asgi") for side in SIDES]
    assert [peer.folder for peer in peers] == [Path("old"), Path("new")]
    assert len({peer.name for peer in peers}) == 2  # so that logs and scripts are two
    assert "asgi" in peers[0].command


def test_the_interval_holds_the_median_nineteen_times_in_twenty() -> None:
    """Of 400 samples of 15 from a known distribution; one of 90 per cent would not."""
    random = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        low, high = interval(random.normal(1.0, 0.02, 15).tolist(), draws=500)
        held += low <= 1.0 <= high
    assert 0.91 < held / 400 < 0.99


def outcome(before_us: list[float], after_us: list[float]) -> Outcome:
    plan = Plan("old", ("tabular",), len(before_us), 2)
    found = Outcome("old", "new", plan)
    for turn, (before, after) in enumerate(zip(before_us, after_us, strict=True)):
        pair = {"before": {"cpu_us": before}, "after": {"cpu_us": after}}
        found.requests.append({"model": "tabular", "door": "slipway", "turn": turn, **pair})
        start = {side: {"ready_s": 1.0, "rss_mb": 90.0, "pss_loaded_mb": 80.0} for side in ("before", "after")}
        found.starts.append({"turn": turn, **start})
    return found


def test_a_ratio_is_of_a_pair() -> None:
    """The machine became twice as slow meanwhile, which says nothing of either side."""
    lines = commits.ratios(outcome([10, 20, 10], [11, 22, 11]))
    cpu = lines[0]
    assert (cpu["ratio"], cpu["low"], cpu["high"], cpu["pairs"]) == (pytest.approx(1.1),) * 3 + (3,)
    assert [line["ratio"] for line in lines[1:]] == [1.0, 1.0, 1.0]


def test_the_page_has_a_line_for_each_figure() -> None:
    page = commits.markdown(outcome([10, 10], [11, 11]))
    assert page.startswith("# new against old\n")
    assert "| CPU of a request | tabular | slipway | 10 | 11 | **1.100** | 1.100 to 1.100 |" in page
    assert page.count("| adult | slipway |") == 3


def test_the_checkout_is_made_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the measurement fails."""
    monkeypatch.setattr(commits, "BUILD", tmp_path)

    def fail() -> None:
        with commits._checkout("HEAD") as side:
            raise FileExistsError(next(side.root.glob("app/__main__.py")))

    with pytest.raises(FileExistsError) as met:
        fail()
    assert not met.value.args[0].exists()
    listed = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert str(tmp_path) not in listed.stdout


def test_a_commit_that_there_is_not() -> None:
    with pytest.raises(NotServingError, match="git rev-parse"), commits._checkout("no-such-commit"):
        pass
