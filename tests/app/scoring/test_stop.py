"""A run that is stopped: the first signal lets the parts under way end, the second ends it at once."""

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from tests.app.scoring import jobs
from tests.support.serving import PATIENCE_S, ROOT

# The command, which waits for ever while it writes the second part: whole, hidden, and not there by its name.
WAITING = """
import os, sys, time

def wait_and_sync(descriptor, sync=os.fsync):
    if "part-00001-00000.parquet" in os.readlink(f"/proc/self/fd/{descriptor}"):
        print("writes", file=sys.stderr, flush=True)
        while True:
            time.sleep(0.01)
    sync(descriptor)

os.fsync = wait_and_sync
from app.__main__ import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(SIGINT, 130), (SIGTERM, 143)])
def test_a_second_signal_ends_it_at_once_and_what_it_leaves_is_swept(
    tmp_path: Path, number: Signals, code: int
) -> None:
    bundle, out = jobs.model(tmp_path / "models"), tmp_path / "out"
    data, temporary = jobs.parquet(tmp_path / "rows.parquet"), tmp_path / "temporary"
    temporary.mkdir()
    options = ["--bundle", str(bundle), "--keep", "id", "--part-rows", str(jobs.PART_ROWS), "--quiet"]
    words = [sys.executable, "-c", WAITING, "score", str(data), "--out", str(out), *options]
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "writes\n"
            process.send_signal(number)
            assert process.stderr.readline() == "Ends after the parts under way; a second signal ends it at once.\n"
            assert process.poll() is None
            process.send_signal(number)
            said = process.stderr.read()
            assert process.wait(PATIENCE_S) == code
        finally:
            process.kill()
    assert said == "Stopped at once. What is done stays: the same command goes on from there.\n"
    assert not list(temporary.iterdir())
    assert [path.name.partition(".parquet.")[0] for path in out.rglob("*.tmp")] == [".part-00001-00000"]
    assert jobs.run(data, out, bundle) == 0
    assert not list(out.rglob("*.tmp"))
    assert jobs.ids(jobs.answers(out)) == list(range(130))
