"""The benchmark of scoring: the made-up rows, and how ratios are judged."""

import subprocess
import sys

from benchmarks.scoring import data, speed
from benchmarks.scoring.processor_time import Watch

FOUND = {"floor": [2.0, 4.0, 3.0], "scorer": [2.5, 5.0, 6.0], "csv.gz": [8.0] * 3}
OTHERS = {name: [6.0, 6.0, 6.0] for name in ("read", "pandas", "polars", "duckdb")}


def test_rows_are_drawn_and_numbered() -> None:
    found = data.table(1000)
    assert found.column(data.KEY).to_pylist() == list(range(1000))
    assert found.equals(data.table(1000))
    assert not found.equals(data.table(1000, seed=1))
    assert found.column("workclass").null_count > 0


def test_ratios_are_of_the_same_minute() -> None:
    assert speed.share(FOUND, speed.Claim("scorer", "floor", 0.75, 0.85)) == 0.8


def test_the_page_says_what_holds() -> None:
    text = speed.page(FOUND | OTHERS, [1.0], 10, 3)
    assert "| scorer ÷ floor | 0.80 | 0.75 | 0.85 | holds |" in text
    assert "| csv.gz ÷ floor | 0.38 | 0.35 | 0.5 | holds |" in text
    assert "| scorer ÷ pandas | 1.20 | 2.0 | 3.0 | MISSED |" in text
    assert "| CPU seconds from start to first row | 1.00 | ≤ 1.5 | ≤ 0.7 | holds |" in text


def test_processes_that_are_gone_count_where_nobody_waits_for_them() -> None:
    """As under Ray: a parent that ignores its children is told nothing of what they took."""
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    parent = f"""
import signal, subprocess, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", {burn!r}]).wait()
"""
    with Watch() as watch:
        subprocess.run([sys.executable, "-c", parent], check=True)
        assert 0.25 < watch.cpu_s() < 2.0
