"""`…/now`: a kilobyte that says how a version does, from what was counted, summed over the workers."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.drift.counts import MIN_ROWS
from app.metrics import recent
from app.metrics.service_metrics import Metrics
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny

NOW = "/models/tiny/versions/1/now"
Json = dict[str, Any]


class Clock:
    """Says the time that a test wants it to be."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(recent, "monotonic", clock)
    return clock


@pytest.fixture
def profiled(tmp_path: Path) -> Path:
    tiny.write(tmp_path / "models", tiny.Tiny(profiled=True))
    tiny.write(tmp_path / "models", tiny.Tiny(name="plain"))
    return tmp_path / "models"


@pytest.fixture
async def client(profiled: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving.running(serving.app_of(profiled)) as client:
        yield client


async def look(client: httpx.AsyncClient, path: str = NOW) -> Json:
    """Look when all that was asked so far has been counted."""
    app: Any = client._transport
    metrics: Metrics = app.app.state.metrics
    metrics.fold()
    answer = await client.get(path)
    assert (answer.status_code, len(answer.content) < 1500) == (200, True)
    found: Json = answer.json()
    return found


async def ask(client: httpx.AsyncClient, query: str, *rows: Any) -> int:
    path = f"/predict?model=tiny{query}"
    return (await client.post(path, content=body_of(*(rows or (GOOD,))), headers=JSON)).status_code


async def test_what_a_version_does(client: httpx.AsyncClient, clock: Clock) -> None:
    assert (await look(client))["requests_per_s"] is None
    assert [await ask(client, "", GOOD, GOOD) for _ in range(7)] == [200] * 7
    assert [await ask(client, "", {}) for _ in range(3)] == [400] * 3
    assert [await ask(client, "&purpose=preview") for _ in range(5)] == [200] * 5
    clock.now_s += 5
    found = await look(client)
    assert (found["model"], found["version"], found["window_s"]) == ("tiny", 1, 5.0)
    assert (found["requests_per_s"], found["refused_per_s"], found["previews_per_s"]) == (2.0, 0.6, 1.0)
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]
    assert found["rows_per_batch"] == 1.58  # runs of requests and of previews
    assert (found["drift"]["rows"], found["drift"]["enough"]) == (14, False)
    assert {feature["verdict"] for feature in found["drift"]["features"]} == {"too few rows"}


async def test_drift_in_words(client: httpx.AsyncClient, clock: Clock) -> None:
    """Of features and of the prediction, once there are enough rows; the one that moved most comes first."""
    for _ in range(4):
        await ask(client, "", *[{**GOOD, "age": 1e6}] * (MIN_ROWS // 4))
    drift = (await look(client))["drift"]
    assert (drift["rows"], drift["enough"]) == (MIN_ROWS, True)
    assert drift["features"][0]["psi"] >= drift["features"][-1]["psi"]
    words = [feature["verdict"] for feature in drift["features"]]
    assert {word: words.count(word) for word in ("moved", "drifted", "steady")} == {
        word: drift[word] for word in ("moved", "drifted", "steady")
    }
    age = next(feature for feature in drift["features"] if feature["name"] == "age")
    assert (age["verdict"], age["psi"] > 0.2) == ("drifted", True)
    assert set(drift["prediction"]) == {"psi", "verdict"}


async def test_without_a_profile_there_is_no_drift(client: httpx.AsyncClient) -> None:
    assert (await look(client, "/models/plain/versions/1/now"))["drift"] is None


@pytest.mark.parametrize(
    ("path", "status"), [(NOW.replace("1", "7"), 404), (NOW.replace("tiny", "x"), 404), (NOW.replace("1", "x"), 400)]
)
async def test_who_is_not_there(path: str, status: int, client: httpx.AsyncClient) -> None:
    answer = await client.get(path)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


async def test_callers_need_a_key(profiled: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("ann:a-callers-key-of-enough-length\n")
    async with serving.running(serving.app_of(profiled, api_keys_file=keys)) as client:
        assert (await client.get(NOW)).status_code == 401
        assert (await client.get(NOW, headers={"x-api-key": "a-callers-key-of-enough-length"})).status_code == 200


@pytest.fixture
def pair(profiled: Path, tmp_path: Path) -> Iterator[serving.Process]:
    with serving.process(profiled, tmp_path, "--workers", "2", TMPDIR=str(tmp_path)) as started:
        yield started


def test_all_workers_are_summed(pair: serving.Process) -> None:
    """Whoever is asked: the requests were other connections', so that each worker got some."""
    with httpx.Client(base_url=pair.address) as viewer:

        def until(holds: Callable[[Json], bool]) -> None:
            deadline = time.monotonic() + serving.PATIENCE_S
            while not holds(found := viewer.get(NOW).json()):
                assert time.monotonic() < deadline, found
                time.sleep(0.2)

        until(lambda found: found["window_s"] == 0)
        for _ in range(12):
            url = f"{pair.address}/predict?model=tiny"
            assert httpx.post(url, content=body_of(GOOD, GOOD), headers=JSON).status_code == 200
        until(lambda found: found["drift"]["rows"] == 24)
