"""What is stuck is found, said and, where nothing else helps, ended; what is only slow is left alone."""

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.health.watchdog import EXIT_CODE, EngineWatch, LoopWatch, longest_run_s
from app.main import Slipway
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving

LEAST_S = 0.1  # a run that takes longer is stuck, in these tests
QUICK = {"timeout_ms": 50, "watchdog_s": LEAST_S}  # twice the deadline is no more than that
STUCK = 'slipway_stuck{what="engine"} '


async def predict(client: httpx.AsyncClient) -> int:
    return (await client.post("/predict", content=body_of(GOOD), headers=JSON)).status_code


async def answered(client: httpx.AsyncClient) -> bool:
    """Ask until an answer comes within the deadline, which is shorter than a busy machine may take."""
    latest = time.monotonic() + serving.PATIENCE_S
    while time.monotonic() < latest:
        if await predict(client) == 200:
            return True
    return False


@asynccontextmanager
async def in_a_run(models: Path, **settings: Any) -> AsyncIterator[tuple[Slipway, httpx.AsyncClient, threading.Event]]:
    """An application with a run under way that ends when the gate is opened; its caller got 504."""
    app = serving.app_of(models, run_on="thread", **settings)
    async with serving.running(app) as client:
        model, gate = app.state.registry.find(), threading.Event()
        assert await answered(client)  # so that the thread is there
        model._executor.submit(gate.wait, serving.PATIENCE_S)
        try:
            assert await predict(client) == 504
            assert model.batcher.run_started is not None
            yield app, client, gate
        finally:
            gate.set()


# ── runs ──


async def test_a_run_that_does_not_end_fails_liveness_until_it_does(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The body says which model and since when, the metric and the log say it, too; then everything is well again."""
    async with in_a_run(models, **QUICK) as (app, client, gate):
        await serving.until(lambda: not app.state.health.live)
        live = await client.get("/health/live")
        assert live.status_code == 503
        assert "Model `tiny` version 1: a run has not ended for" in live.json()["error"]
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/startup")).status_code == 200
        await serving.until(lambda: "a run has not ended" in caplog.text)
        assert STUCK + "1.0" in (await client.get("/metrics")).text
        gate.set()
        await serving.until(lambda: app.state.health.live)
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 200
        assert await answered(client)
        await serving.until(lambda: "the run has ended" in caplog.text)
        assert STUCK + "0.0" in (await client.get("/metrics")).text
        assert caplog.text.count("a run has not ended") == 1


async def test_a_model_whose_runs_are_long_is_not_stuck(models: Path) -> None:
    """What it may take grows with the longest run that was seen; once that is little, the same run is too long."""
    async with in_a_run(models, **QUICK) as (app, client, gate):
        batcher = app.state.registry.find().batcher
        batcher.longest_run_s = 1000.0
        started = batcher.run_started
        await serving.until(lambda: asyncio.get_running_loop().time() > started + 2 * LEAST_S)
        assert (await client.get("/health/live")).status_code == 200
        batcher.longest_run_s = 0.0
        assert (await client.get("/health/live")).status_code == 503
        gate.set()
        await serving.until(lambda: batcher.run_started is None)
        assert longest_run_s(app.state.registry.find()) > 2 * LEAST_S


async def test_it_is_said_once(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is looked at."""
    async with in_a_run(models, timeout_ms=50, watchdog_s=0) as (app, _, gate):
        watch = EngineWatch(lambda: app.state.registry.models, LEAST_S, 0.05)
        await serving.until(lambda: bool(watch.stuck))
        assert [watch.look() for _ in range(3)] == [True] * 3
        assert caplog.text.count("a run has not ended") == 1
        gate.set()
        await serving.until(lambda: not watch.stuck)
        assert [watch.look() for _ in range(3)] == [False] * 3
        assert caplog.text.count("the run has ended") == 1


@pytest.mark.parametrize("settings", [{"timeout_ms": 50, "watchdog_s": 0}, {"timeout_ms": 50}, {"timeout_ms": 200}])
async def test_when_it_is_none(settings: dict[str, Any], models: Path) -> None:
    """Without the watchdog; before its time; and where callers may wait as long."""
    if settings["timeout_ms"] == 200:
        settings = {"timeout_ms": 200, "watchdog_s": 0.001}  # twice the deadline is more than the deadline
    async with in_a_run(models, **settings) as (_, client, _):
        assert (await client.get("/health/live")).status_code == 200


# ── the loop ──


async def test_a_loop_that_does_not_turn_is_said_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """Once an incident; then the end is asked for; and when it turns again, that is said."""
    told: list[bool] = []
    ended = threading.Event()
    watch = LoopWatch(0.05, told.append, turn_s=0.01, end=ended.set)
    watch.start()
    try:
        assert stand_still(ended)
        assert told == [True]
        assert caplog.text.count("has not turned for") == 2
        assert caplog.text.count("in stand_still") == 2
        await serving.until(lambda: told == [True, False])
        assert "turns again" in caplog.text
    finally:
        watch.stop()


def stand_still(ended: threading.Event) -> bool:
    return ended.wait(serving.PATIENCE_S)


async def test_a_loop_that_turns_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """However long it is watched; and nothing is left of the watch."""
    caplog.set_level(logging.INFO, "slipway.watchdog")
    watch = LoopWatch(2.0, lambda stuck: pytest.fail("told"), turn_s=0.001)
    watch.start()
    for _ in range(300):
        await asyncio.sleep(0.001)
    watch.stop()
    assert not [record for record in caplog.records if record.name == "slipway.watchdog"]
    assert not [thread for thread in threading.enumerate() if thread.name == "watchdog"]


def test_the_process_ends_when_its_loop_never_turns_again() -> None:
    """With its own code, and the place in the log."""
    code = """
import asyncio, logging, time
from app.health.watchdog import LoopWatch
logging.basicConfig()
async def hang():
    LoopWatch(0.05, print, turn_s=0.01).start()
    time.sleep(600)
asyncio.run(hang())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=serving.PATIENCE_S,
        cwd=serving.ROOT,
        check=False,
    )
    assert done.returncode == EXIT_CODE
    assert "ending. It is at" in done.stderr
    assert "in hang" in done.stderr


@pytest.mark.parametrize(("watchdog_s", "threads"), [(60.0, 1), (0.0, 0)])
async def test_the_service_watches_its_loop_unless_told_not_to(watchdog_s: float, threads: int, models: Path) -> None:
    async with serving.running(serving.app_of(models, watchdog_s=watchdog_s)):
        assert len([thread for thread in threading.enumerate() if thread.name == "watchdog"]) == threads
    assert not [thread for thread in threading.enumerate() if thread.name == "watchdog"]
