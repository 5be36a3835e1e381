import sys
import time
from pathlib import Path

from benchmarks.harness.process import TICK_S, Server, Stat, family, runs

LINE = "4242 (a name) with (odd) S 7 4242 4242 0 -1 4194560 900 0 0 0 {} {} {} {} 20 0 1 0 123456 1000 200"
BUSY = """
import os, subprocess, sys, time
spin = "import time; end = time.process_time() + 0.2\\nwhile time.process_time() < end: pass"
subprocess.run([sys.executable, "-c", spin])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_cpu_counts_user_and_system_and_children_that_were_waited_for() -> None:
    stat = Stat.parse(LINE.format(100, 20, 3, 4))
    assert stat == Stat(parent=7, cpu_ticks=127, started_ticks=123456)


def test_a_name_with_parentheses_does_not_shift_the_fields() -> None:
    assert Stat.parse(LINE.format(1, 0, 0, 0)).parent == 7


def test_a_family_is_the_roots_and_all_that_descend_from_them() -> None:
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 1, 30: 20}
    assert family({10}, parents) == {10, 11, 12}
    assert family({10, 30}, parents) == {10, 11, 12, 30}


def test_a_server_is_measured_and_ended_with_all_its_children(tmp_path: Path) -> None:
    with _busy(tmp_path) as server:
        child = int(_first_line(server))
        assert server.pids() >= {server.pid, child}
        assert server.cpu_s() >= 0.2 - TICK_S  # of a child that has ended
        assert server.rss_mb() > 1
        assert server.threads() >= 2
    assert not runs(child)
    assert not server.alive


def test_a_frozen_server_spends_nothing_and_can_still_be_ended(tmp_path: Path) -> None:
    with _busy(tmp_path) as server:
        child = int(_first_line(server))
        server.freeze()
        before_s = server.cpu_s()
        time.sleep(0.05)
        assert server.cpu_s() == before_s
    assert not runs(child)


def _busy(folder: Path) -> Server:
    argv = [sys.executable, "-c", BUSY]
    return Server(argv, folder=folder, log=folder / "log", core=None, variables={})


def _first_line(server: Server) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if text := server.log.read_text():
            return text
        time.sleep(0.01)
    raise AssertionError("the server said nothing")
