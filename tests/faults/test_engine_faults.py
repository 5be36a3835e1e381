"""What goes wrong inside, and what becomes of it: engines, threads, processes, a full queue, a clock.

Each fault: what the caller sees, what the operator sees, that the next good request is answered. `docs/operations.md`
holds the table. Clients are in `tests.faults.test_client_faults`, bundles in `tests.faults.test_bundle_faults`.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import ModelFailed
from tests.app.server.test_workers import workers_of
from tests.faults.models import FATAL, FINE, SOUND, Seen, write_all
from tests.support import serving, tiny

ROWS = {"instances": [[1.0, 2.0]]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    write_all(root)
    return root


@pytest.fixture(scope="module")
def process(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Process]:
    options = ["--run-on", "thread", "--max-queue-rows", "24", "--timeout-ms", "60000"]  # refused for rows, not waits
    with serving.process(folder, tmp_path_factory.mktemp("process"), *options) as started:
        yield started


@pytest.fixture
async def client(process: serving.Process) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=process.address, timeout=serving.PATIENCE_S) as found:
        yield found


async def ask(client: httpx.AsyncClient, model: str, *rows: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(f"/v1/models/{model}:predict", json={"instances": rows}, headers=named)


def is_fine(response: httpx.Response, *rows: Any) -> bool:
    return response.status_code == 200 and response.json() == {"predictions": list(rows)}


# ── the engine ──


@pytest.mark.parametrize(
    ("model", "says", "logged"),
    [
        ("raises", "The model failed", "A run failed"),
        ("shrinks", "The model failed", "expected 1 rows"),
        ("unsure", "not finite", ""),
    ],
)
async def test_an_engine_that_fails_fails_whose_request_it_was_alone(
    model: str, says: str, logged: str, client: httpx.AsyncClient, process: serving.Process
) -> None:
    """It raises, answers with too few rows, or with NaN; the requests beside it in the run are answered."""
    seen = Seen(process)
    asked = [ask(client, model, FATAL if number == 7 else [number, *FINE[1:]]) for number in range(16)]
    answers = await asyncio.gather(*asked)
    bad = answers.pop(7)
    assert (bad.status_code, says in bad.json()["error"]) == (500, True)
    assert all(is_fine(found, [n if n < 7 else n + 1, *FINE[1:]]) for n, found in enumerate(answers))
    assert (seen.counted(model, 500), seen.counted(model, 200)) == (1, 15)
    assert logged in seen.log
    assert seen.ready
    assert is_fine(await ask(client, model, FINE), FINE)


async def test_a_prediction_that_is_not_finite_is_none(client: httpx.AsyncClient, process: serving.Process) -> None:
    """A bundle's answer that overflows fails its own request, not those in the same run."""
    seen = Seen(process)
    asked = [client.post("/predict?model=overflow", json={"instances": [[1e4 if n == 3 else n]]}) for n in range(8)]
    codes = [found.status_code for found in await asyncio.gather(*asked)]
    assert codes == [500 if n == 3 else 200 for n in range(8)]
    assert seen.counted("overflow", 500) == 1
    assert "expected finite numbers" in seen.log


async def test_an_engine_that_hangs_holds_up_nobody_else(client: httpx.AsyncClient, process: serving.Process) -> None:
    """504 at the deadline and not at the run's end; health, metrics and other models answer; then this one does."""
    seen = Seen(process)
    began = time.monotonic()
    late = await ask(client, "hangs", FATAL, x_request_timeout_ms="200")
    assert (late.status_code, "deadline" in late.json()["error"]) == (504, True)
    assert time.monotonic() - began >= 0.2
    behind = asyncio.create_task(ask(client, "hangs", FINE))
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert (await client.get(path)).status_code == 200
    assert is_fine(await ask(client, "raises", FINE), FINE)
    assert (await client.post("/predict?model=tiny", json=ROWS)).status_code == 200
    assert not behind.done()  # the run goes on, and none of them waited for it
    assert is_fine(await behind, FINE)
    assert (seen.counted("hangs", 504), seen.counted("hangs", 200)) == (1, 1)


async def test_a_flood_gets_429_and_what_was_accepted_is_answered(
    client: httpx.AsyncClient, process: serving.Process
) -> None:
    """Behind a run that hangs the queue fills to its bound; `Retry-After` is sent, health answers meanwhile."""
    seen = Seen(process)
    idle = seen.gauge("slipway_requests_in_flight")
    hanging = asyncio.create_task(ask(client, "hangs", FATAL))
    async with asyncio.timeout(serving.PATIENCE_S):  # it came, and it is not in the queue: it is running
        while seen.gauge("slipway_requests_in_flight") == idle or seen.gauge("slipway_queue_rows", model="hangs"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    flood = [asyncio.create_task(ask(client, "hangs", FINE)) for _ in range(80)]
    for _ in range(10):
        assert (await client.get("/health/live")).status_code == 200
    assert not hanging.done()  # the run goes on, and nobody waited for it
    answers = await asyncio.gather(*flood)
    refused = [found for found in answers if found.status_code == 429]
    assert len(refused) == 80 - 24
    assert all(int(found.headers["retry-after"]) >= 1 and "queue is full" in found.text for found in refused)
    assert all(is_fine(found, FINE) for found in answers if found not in refused)
    assert (await hanging).status_code == 200
    assert seen.counted("hangs", 429) == 80 - 24
    assert is_fine(await ask(client, "hangs", FINE), FINE)


async def test_rows_of_the_wrong_width_fail_none_of_the_others(
    client: httpx.AsyncClient, process: serving.Process
) -> None:
    """One sender of nonsense beside many good ones, on both roads."""
    seen = Seen(process)
    for path, good, bad in (
        ("/predict?model=tiny", [1.0, 2.0], [1.0, 2.0, 3.0]),
        ("/v1/models/raises:predict", FINE, FINE[:3]),
    ):
        for _ in range(5):
            rows = [bad if n % 4 == 0 else good for n in range(24)]
            answers = await asyncio.gather(*[client.post(path, json={"instances": [row]}) for row in rows])
            assert [found.status_code for found in answers] == [400 if row is bad else 200 for row in rows]
    assert [seen.counted(model, code) for model in ("tiny", "raises") for code in (200, 400)] == [90, 30, 90, 30]


# ── the process ──


async def test_a_broken_run_thread_fails_liveness_and_no_caller_hangs(tmp_path: Path) -> None:
    """Whoever waits is told; the orchestrator restarts what cannot answer any more."""
    tiny.write(tmp_path, SOUND)
    app = serving.app_of(tmp_path, run_on="thread")
    async with serving.running(app) as client:
        assert (await client.post("/predict", json=ROWS)).status_code == 200
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # it says the same once more
        app.state.registry.find().stop()  # its thread takes no more runs
        for _ in range(3):
            answer = await asyncio.wait_for(client.post("/predict", json=ROWS), serving.PATIENCE_S)
            assert (answer.status_code, "cannot answer" in answer.json()["error"]) == (ModelFailed.status, True)
        live = await client.get("/health/live")
        assert (live.status_code, "batcher has broken" in live.json()["error"]) == (503, True)
        assert 'code="500"' in (await client.get("/metrics")).text


def test_a_run_thread_that_vanishes_fails_liveness_and_no_caller_hangs(tmp_path: Path) -> None:
    """Native code may end the thread under a run without a word: its callers are told within seconds, in their time.

    In a process of its own, for the interpreter waits at its end for threads that it believes alive.
    """
    tiny.write(tmp_path, SOUND)
    code = f"""
import asyncio, ctypes, os, pathlib, platform
from tests.support import serving
EXIT = {{"x86_64": 60, "aarch64": 93}}[platform.machine()]  # the system call that ends the calling thread alone

def vanish(pieces):
    ctypes.CDLL(None).syscall(EXIT, 0)

async def main():
    app = serving.app_of(pathlib.Path({str(tmp_path)!r}), run_on="thread", timeout_ms=600_000)
    async with serving.running(app) as client:
        ask = lambda: client.post("/predict", json={ROWS!r})
        print((await ask()).status_code)
        app.state.registry.find().batcher._run = vanish
        print(*[found.status_code for found in await asyncio.gather(*[ask() for _ in range(3)])])
        print((await ask()).status_code, (await client.get("/health/live")).status_code)
        os._exit(0)

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=serving.PATIENCE_S,
        cwd=serving.ROOT,
        check=False,
    )
    assert done.stdout.splitlines() == ["200", "500 500 500", "500 503"], done.stderr


def test_a_worker_process_that_is_killed_is_replaced(folder: Path, tmp_path: Path) -> None:
    """Its neighbour answers whoever comes meanwhile; the log says who died."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny").symlink_to(folder / "tiny")
    with serving.process(tmp_path / "models", tmp_path, "--workers", "2") as pair:
        first, *_ = workers_of(pair)
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + serving.PATIENCE_S
        while f"Worker {first} ended with code -9" not in pair.complaints() or len(workers_of(pair)) < 2:
            assert time.monotonic() < deadline
            assert httpx.post(f"{pair.address}/predict", json=ROWS).status_code == 200
        assert httpx.get(f"{pair.address}/health").status_code == 200


async def test_a_clock_that_is_set_back_moves_no_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines, waits and timers are on a clock that nobody sets."""
    tiny.write(tmp_path, SOUND)
    async with serving.running(serving.app_of(tmp_path)) as client:
        now = time.time()
        for offset_s in (-86_400, 86_400, -86_400):
            monkeypatch.setattr(time, "time", lambda offset_s=offset_s: now + offset_s)
            answer = await client.post("/predict", json=ROWS, headers={"x-request-timeout-ms": "5000"})
            assert json.loads(answer.content)["predictions"] == [{"value": pytest.approx(0.5, abs=1e-5)}]
        assert (await client.get("/health")).status_code == 200
