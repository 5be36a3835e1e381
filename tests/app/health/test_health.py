"""What an orchestrator is told: started, ready, live, draining; and that load changes none of them."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import Slipway
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny


async def statuses(client: httpx.AsyncClient) -> tuple[int, int, int, int]:
    """The statuses of live, startup, ready and the summary."""
    answers = [await client.get(f"/health{probe}") for probe in ("/live", "/startup", "/ready", "")]
    live, startup, ready, summary = (answer.status_code for answer in answers)
    return live, startup, ready, summary


async def predict(client: httpx.AsyncClient, query: str = "") -> httpx.Response:
    return await client.post(f"/predict{query}", content=body_of(GOOD), headers=JSON)


async def test_a_healthy_service(client: httpx.AsyncClient) -> None:
    """All four answer 200, and the summary names the models."""
    assert await statuses(client) == (200, 200, 200, 200)
    assert (await client.get("/health/ready")).json() == {"ready": True}
    assert (await client.get("/health")).json() == {
        "status": "ready",
        "live": True,
        "started": True,
        "draining": False,
        "reasons": [],
        "models": {"tiny/1": "ready"},
    }


@pytest.mark.parametrize(
    "make", [lambda root: None, lambda root: root.mkdir(), lambda root: (root / "a").mkdir(parents=True)]
)
async def test_without_models_the_process_lives_and_says_why(make: Any, tmp_path: Path) -> None:
    """Live, but neither started nor ready; `/predict` is 503."""
    root = tmp_path / "models"
    make(root)
    async with serving.running(serving.app_of(root)) as client:
        assert await statuses(client) == (200, 503, 503, 503)
        for probe in ("ready", "startup"):
            assert (
                f"expected bundles in {root}/<name>/<version>/"
                in (await client.get(f"/health/{probe}")).json()["error"]
            )
        assert str(root) in (await client.get("/health")).json()["reasons"][0]
        response = await predict(client)
        assert (response.status_code, response.json()) == (503, {"error": "No model is loaded."})


async def test_a_model_that_fails_its_golden_rows_never_serves(tmp_path: Path) -> None:
    """503 everywhere but live, and the reason on `/models` and `/health`."""
    folder = tiny.write(tmp_path)
    golden = json.loads((folder / "golden.json").read_text())
    golden["outputs"]["probabilities"][0] = [0.9, 0.1]
    (folder / "golden.json").write_text(json.dumps(golden))
    tiny.rewrite_manifest(folder, json.loads((folder / "manifest.json").read_text()))
    async with serving.running(serving.app_of(tmp_path)) as client:
        assert await statuses(client) == (200, 503, 503, 503)
        response = await predict(client)
        assert (response.status_code, response.json()) == (503, {"error": "Model `tiny` version 1 is failed."})
        (entry,) = (await client.get("/models")).json()["models"]
        assert entry["state"] == "failed"
        assert "of the trainer's answers" in entry["reason"]
        assert str(folder / "golden.json") in entry["reason"]
        assert (await client.get("/health")).json()["reasons"] == [entry["reason"]]


async def test_one_failed_model_and_a_good_one(tmp_path: Path) -> None:
    """Not ready, because not all that was asked for serves; the good one answers all the same."""
    tiny.write(tmp_path, tiny.Tiny(name="good"))
    (tiny.write(tmp_path, tiny.Tiny(name="bad")) / "card.md").unlink()
    async with serving.running(serving.app_of(tmp_path)) as client:
        assert await statuses(client) == (200, 503, 503, 503)
        assert (await client.get("/health")).json()["models"] == {"bad/1": "failed", "good/1": "ready"}
        assert (await predict(client, "?model=good")).status_code == 200
        assert (await predict(client, "?model=bad")).status_code == 503


async def test_while_models_load(models: Path) -> None:
    """Health answers, says so, and turns when the load has ended."""
    app = serving.app_of(models)
    async with app.router.lifespan_context(app), serving.client_of(app) as client:
        app.state.registry.finished.clear()
        live, startup = await client.get("/health/live"), await client.get("/health/startup")
        assert (live.status_code, startup.status_code) == (200, 503)
        assert "Models are loading." in startup.json()["error"]
        await app.state.registry.finished.wait()
        assert await statuses(client) == (200, 200, 200, 200)


async def test_before_the_lifespan(app: Slipway) -> None:
    """A server without lifespan support gets a 503 for predictions, not a crash."""
    async with serving.client_of(app) as client:
        response = await predict(client)
        assert response.status_code == 503
        assert "The service is starting" in response.json()["error"]


async def test_draining(app: Slipway, client: httpx.AsyncClient) -> None:
    """Not ready and still live and started; what comes is still answered."""
    app.state.health.draining = True
    assert await statuses(client) == (200, 200, 503, 503)
    assert (await client.get("/health/ready")).json()["error"] == "The process is finishing before it exits."
    assert (await predict(client)).status_code == 200


async def test_a_broken_batcher_is_not_live(app: Slipway, client: httpx.AsyncClient) -> None:
    """The one thing that asks for a restart; the caller is told and does not hang."""
    asyncio.get_running_loop().set_exception_handler(lambda _, context: None)
    batcher = app.state.registry.models[0].batcher

    class ObserverThatRaises:
        def ran(self, *_: object) -> None:
            raise RuntimeError("broken")

    batcher._observer = ObserverThatRaises()
    for _ in range(2):
        assert (await predict(client)).status_code == 500
        assert await statuses(client) == (503, 200, 503, 503)
    assert "A batcher has broken" in (await client.get("/health/live")).json()["error"]


async def test_load_changes_nothing(models: Path) -> None:
    """With the engine busy and the queue full, every probe answers as before."""
    app = serving.app_of(models, run_on="thread", max_queue_rows=3)
    async with serving.running(app) as client:
        model, gate = app.state.registry.models[0], threading.Event()
        occupied = model._executor.submit(gate.wait, 10)
        waiting = [asyncio.create_task(predict(client))]
        await serving.until(lambda: not model.batcher.idle and not model.batcher.queue.rows)
        waiting += [asyncio.create_task(predict(client)) for _ in range(3)]
        await serving.until(lambda: model.batcher.queue.rows == 3)
        assert (await predict(client)).status_code == 429
        assert await statuses(client) == (200, 200, 200, 200)
        gate.set()
        assert [response.status_code for response in await asyncio.gather(*waiting)] == [200] * 4
        assert await asyncio.wrap_future(occupied)
        assert await statuses(client) == (200, 200, 200, 200)
