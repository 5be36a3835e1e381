"""Which allocator Arrow takes while it scores."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.scoring import jobs
from tests.support.serving import ROOT

TOLD = """
import atexit
atexit.register(lambda: print(__import__("pyarrow").default_memory_pool().backend_name))
from app.__main__ import main
main()
"""
VARIABLE = "ARROW_DEFAULT_MEMORY_POOL"


@pytest.mark.skipif(sys.platform != "linux", reason="other builds of Arrow may be without jemalloc")
@pytest.mark.parametrize(("chosen", "taken"), [(None, "jemalloc"), ("system", "system")])
def test_the_one_that_keeps_least_unless_somebody_has_chosen(chosen: str | None, taken: str, tmp_path: Path) -> None:
    """And Arrow has no complaint about it."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    data, bundle = jobs.parquet(tmp_path / "rows.parquet"), jobs.model(tmp_path / "models")
    words = ["score", str(data), "--out", str(tmp_path / "out"), "--bundle", str(bundle), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", TOLD, *words],
        cwd=ROOT,
        env=environment | ({VARIABLE: chosen} if chosen else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{taken}\n", "")
