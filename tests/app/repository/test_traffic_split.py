"""Two versions at once: who is asked, that a caller stays on one side, and that a shadow delays nobody."""

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.http.handler import Head
from app.main import Slipway
from app.runtime.model import Model
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny

ROOT_RULE = {"version": 2, "share": 0.25}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """`tiny/1`, `tiny/2` and `tiny/3`, which answer differently."""
    for version in (1, 2, 3):
        tiny.write(tmp_path, tiny.Tiny(version=version, shift=float(version)))
    return tmp_path


def app_of(models: Path, **rules: Any) -> Slipway:
    return serving.app_of(models, watch_s=0, versions="1,2", **rules)


def chosen(app: Slipway, **headers: str) -> int:
    """Who answers a request with these headers."""
    registry = app.state.registry
    model: Model = registry.find()
    head = Head(b"", [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])
    return int(registry.traffic.choose(model, head).version)


async def predict(client: httpx.AsyncClient, query: str = "", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.post(f"/predict{query}", content=body_of(GOOD), headers={**JSON, **named})
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


# ── the canary ──


async def test_without_a_rule_nothing_is_asked(models: Path) -> None:
    """A request then costs one look at an attribute."""
    app = app_of(models)
    async with serving.running(app):
        assert app.state.registry.traffic is None


async def test_a_canary_is_not_the_default(models: Path) -> None:
    """Although it is the newest."""
    app = app_of(models, canary={"tiny": ROOT_RULE})
    async with serving.running(app):
        assert app.state.registry.find().version == 1
        assert app.state.registry.find("tiny", 2).version == 2
        assert app.state.registry.ready


async def test_by_share(models: Path) -> None:
    """About as many as the share says; none and all at the ends."""
    for share, least, most in ((0.0, 0, 0), (0.25, 180, 320), (1.0, 1000, 1000)):
        app = app_of(models, canary={"tiny": {"version": 2, "share": share}})
        async with serving.running(app):
            asked = Counter(chosen(app) for _ in range(1000))
            assert least <= asked[2] <= most
            assert asked[1] == 1000 - asked[2]


async def test_by_key_a_caller_stays_on_one_side(models: Path) -> None:
    """In every replica alike; about as many callers as the share says."""
    rule = {**ROOT_RULE, "key": "X-User"}
    sides: list[list[int]] = []
    for _ in range(2):
        app = app_of(models, canary={"tiny": rule})
        async with serving.running(app):
            sides.append([chosen(app, x_user=f"user-{number}") for number in range(1000)])
    assert sides[0] == sides[1]
    assert 180 <= sides[0].count(2) <= 320


async def test_a_larger_share_keeps_who_was_in_it(models: Path) -> None:
    """Nobody goes back and forth while a canary grows."""
    inside: list[set[int]] = []
    for share in (0.1, 0.5):
        app = app_of(models, canary={"tiny": {"version": 2, "share": share, "key": "x-user"}})
        async with serving.running(app):
            inside.append({number for number in range(300) if chosen(app, x_user=str(number)) == 2})
    assert inside[0] < inside[1]


async def test_by_a_header_that_says_so(models: Path) -> None:
    """One of them is enough, and the value must be the same; the share is for the others."""
    app = app_of(models, canary={"tiny": {"version": 2, "match": {"X-Canary": "yes", "x-tester": "1"}}})
    async with serving.running(app):
        assert chosen(app, x_canary="yes") == 2
        assert chosen(app, x_tester="1") == 2
        assert chosen(app, x_canary="no") == 1
        assert chosen(app) == 1


async def test_on_the_wire(models: Path) -> None:
    """The answer is the canary's own; who names a version gets that version."""
    app = app_of(models, canary={"tiny": {"version": 2, "match": {"x-canary": "yes"}}})
    async with serving.running(app) as client:
        plain, canary = await predict(client), await predict(client, x_canary="yes")
        assert (plain["version"], canary["version"]) == (1, 2)
        assert plain["predictions"] != canary["predictions"]
        assert (await predict(client, "?model=tiny", x_canary="yes"))["version"] == 2
        assert (await predict(client, "?version=1", x_canary="yes"))["version"] == 1


async def test_a_canary_that_is_not_there(models: Path) -> None:
    """Everybody is answered by the others; it has its share as soon as it is there."""
    (models / "tiny" / "2").rename(models / "away")
    app = serving.app_of(models, watch_s=0, canary={"tiny": {"version": 2, "share": 1.0}})
    async with serving.running(app):
        assert app.state.registry.traffic is None
        assert app.state.registry.find().version == 3
        (models / "away").rename(models / "tiny" / "2")
        await app.state.reloader.reload()
        assert chosen(app) == 2
        assert app.state.registry.find().version == 3


# ── the shadow ──


@pytest.fixture
async def shadowed(models: Path) -> AsyncIterator[tuple[Slipway, httpx.AsyncClient]]:
    """`tiny/1` answers, and `tiny/2` gets a copy of every request."""
    app = app_of(models, shadow={"tiny": {"version": 2}}, run_on="thread")
    async with serving.running(app) as client:
        yield app, client


async def metrics(client: httpx.AsyncClient) -> dict[str, float]:
    """The samples of the shadow, by name and the label that matters, after a turn of the loop."""
    await asyncio.sleep(0)
    text = (await client.get("/metrics")).text
    pattern = r'^slipway_shadow_(\w+)\{(?:agreed="(\w+)",)?model="tiny",(?:outcome="(\w+)",)?version="2"\} (\S+)$'
    return {f"{name} {agreed}{outcome}".strip(): float(value)
            for name, agreed, outcome, value in re.findall(pattern, text, re.MULTILINE)}  # fmt: skip


async def until_counted(client: httpx.AsyncClient, key: str, value: float) -> dict[str, float]:
    async with asyncio.timeout(serving.PATIENCE_S):
        found = await metrics(client)
        while found.get(key) != value:
            found = await metrics(client)
    return found


async def test_a_shadow_answers_nobody_and_is_compared(shadowed: tuple[Slipway, httpx.AsyncClient]) -> None:
    """By label and by the largest difference of the probabilities."""
    _, client = shadowed
    theirs, ours = await predict(client, "?version=1"), await predict(client, "?version=2")
    await until_counted(client, "requests_total answered", 1)  # who names the serving version is copied too
    answers = [await predict(client)]
    found = await until_counted(client, "requests_total answered", 2)
    assert answers == [theirs]
    pairs = [(a["predictions"][0], b["predictions"][0]) for a, b in [(theirs, ours)]]
    wanted = max(abs(a["probabilities"][name] - b["probabilities"][name]) for a, b in pairs for name in ("no", "yes"))
    assert wanted > 0
    assert found["difference_sum"] == pytest.approx(2 * wanted, abs=1e-6)
    agreed = pairs[0][0]["label"] == pairs[0][1]["label"]
    assert found[f"rows_total {str(agreed).lower()}"] == 2
    assert found["duration_seconds_count"] == 2


async def test_the_requests_of_a_shadow_are_not_counted_as_answered(
    shadowed: tuple[Slipway, httpx.AsyncClient],
) -> None:
    """They are nobody's."""
    _, client = shadowed
    await predict(client)
    await until_counted(client, "requests_total answered", 1)
    text = (await client.get("/metrics")).text
    assert 'slipway_requests_total{code="200",model="tiny",protocol="predict",version="1"} 1.0' in text
    assert 'slipway_requests_total{code="200",model="tiny",protocol="predict",version="2"} 0.0' in text


async def test_a_shadow_that_hangs_keeps_nobody_waiting(shadowed: tuple[Slipway, httpx.AsyncClient]) -> None:
    """While it is busy, copies are dropped and counted; the answers come as before."""
    app, client = shadowed
    shadow, gate = app.state.registry.find("tiny", 2), threading.Event()
    shadow._executor.submit(gate.wait, serving.PATIENCE_S)
    for _ in range(5):
        assert (await predict(client))["version"] == 1
    found = await until_counted(client, "requests_total dropped", 4)
    assert shadow.batcher.queue.rows == 0
    assert found.get("requests_total answered") is None
    gate.set()
    await until_counted(client, "requests_total answered", 1)


async def test_a_shadow_that_fails_is_counted(models: Path) -> None:
    """Its features are others: the request is no request to it; the caller is answered."""
    tiny.write(models, tiny.Tiny(version=4, numbers=("height",), optional=()))
    app = serving.app_of(models, watch_s=0, shadow={"tiny": {"version": 4}})
    async with serving.running(app) as client:
        failed = app.state.metrics.instruments.shadow_requests.labels("tiny", "4", "failed")
        assert (await predict(client))["version"] == 3
        await serving.until(lambda: failed._value.get() == 1)


async def test_what_was_refused_is_not_copied(shadowed: tuple[Slipway, httpx.AsyncClient]) -> None:
    """There is nothing to compare with."""
    _, client = shadowed
    assert (await client.post("/predict", content=json.dumps({}), headers=JSON)).status_code == 400
    await predict(client)
    found = await until_counted(client, "requests_total answered", 1)
    assert found.keys() & {"requests_total failed", "requests_total dropped"} == set()


async def test_an_answer_that_is_an_error_is_not_copied(
    shadowed: tuple[Slipway, httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version that serves may have failed."""
    app, client = shadowed
    with monkeypatch.context() as patch:
        patch.setattr(app.state.registry.find().answer, "valid", lambda outputs: False)
        assert (await client.post("/predict", content=body_of(GOOD), headers=JSON)).status_code == 500
    await predict(client)
    found = await until_counted(client, "requests_total answered", 1)
    assert found.keys() & {"requests_total failed", "requests_total dropped"} == set()


async def test_a_share_of_nothing_copies_nothing(models: Path) -> None:
    """And the shadow stays loaded."""
    app = app_of(models, shadow={"tiny": {"version": 2, "share": 0}})
    async with serving.running(app) as client:
        for _ in range(20):
            await predict(client)
        assert await metrics(client) == {}
        assert app.state.registry.traffic is not None
