"""Clients that nobody here wrote, as their users have them, alone and behind proxies, with and without TLS.

One run for all: services and proxies start once, the clients side by side, each with a few requests on every way, while
new versions of the model come. `python -m tests.clients.foreign` does the same with thousands.
"""

from pathlib import Path

import pytest

from tests.clients.foreign import clients, plan, reloads, ways
from tests.clients.foreign.clients import CLIENTS, Seen
from tests.clients.foreign.report import Result, Run, table
from tests.support.serving import PATIENCE_S
from tests.support.tools import tool

REQUESTS = 20  # of which the last has an answer that is not what the client is told
NOBODY = "nobody"  # a way that leads nowhere


@pytest.mark.parametrize("name", sorted({name for one in CLIENTS for name in one.needs if "/" not in name}))
def test_its_tool_is_here(name: str) -> None:
    """Where it is not, the client that needs it does not run below."""
    assert tool(name)


def test_every_client_gets_the_right_answers_on_every_way(tmp_path: Path) -> None:
    """And knows a wrong answer, and one that does not come, when it sees one."""
    for name in ("haproxy", "nginx", "openssl"):
        tool(name)
    assert Path(clients.PYTHON).exists(), f"No {clients.PYTHON}: `make .venv/clients/.done` makes it."
    built, models = tmp_path / "built", tmp_path / "models"
    plan.write(models, 1)
    with (
        clients.compiling(built) as compilers,
        ways.running(models, tmp_path) as running,
        reloads.reloading(models) as loaded,
    ):
        addresses = [*running.addresses.items(), (NOBODY, "http://127.0.0.1:1")]
        asks = [*plan.asks(REQUESTS - 1), plan.false_one()]
        told = plan.Plan(running.told, addresses, asks, REQUESTS).write(tmp_path / "plan")
        clients.wait_for(compilers)
        seen = ask_side_by_side(told, built)
    assert len(loaded) > 0
    for name, (on_ways, complaint) in seen.items():
        assert [found(one) for one in on_ways] == expected(list(running.addresses)), f"{name}: {complaint[:2000]}"


def ask_side_by_side(told: Path, built: Path) -> dict[str, tuple[list[Seen], str]]:
    here = [one for one in CLIENTS if not clients.missing(one)]
    assert here
    started = {one.name: clients.start(one, told, built) for one in here}
    return {name: clients.outcome(process, 3 * PATIENCE_S) for name, process in started.items()}


def found(seen: Seen) -> tuple[str, int, int, int]:
    return seen.way, seen.right, seen.wrong, seen.lost


def expected(on_ways: list[str]) -> list[tuple[str, int, int, int]]:
    return [*((way, REQUESTS - 1, 1, 0) for way in on_ways), (NOBODY, 0, 0, REQUESTS)]


def test_a_run_is_good_when_every_answer_is_right_and_came_once() -> None:
    """And some version changed meanwhile; the table shows what was not right."""

    def run(right: int = 9, again: int = 0, reloads: int = 1) -> Run:
        seen = Seen("nginx", 9, right, 9 - right, 0, None, "1.1 2")
        return Run(9, [Result("Go", seen, again, 1.0)], {"Go": "1.19"}, reloads)

    assert run().good
    assert not run(right=8).good
    assert not run(again=1).good
    assert not run(reloads=0).good
    assert table(run(right=8, again=2)).splitlines()[2] == (
        "| Go | 1.19 | 8, **1 wrong**, **2 again** | 1.1, 2 | not told |"
    )
