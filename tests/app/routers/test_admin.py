"""The operator's routes: what they change at once, what they refuse, and what holds afterwards."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import Slipway
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.repository.test_watch import spoil
from tests.support import serving, tiny


class Operator:
    """A client of a running application with `tiny/1`, `tiny/2` and `tiny/3`, of which the latest is loaded."""

    def __init__(self, app: Slipway, client: httpx.AsyncClient, models: Path) -> None:
        self.registry, self.reloader = app.state.registry, app.state.reloader
        self.models = models
        self.http = client

    async def do(self, verb: str, **query: int) -> httpx.Response:
        return await self.http.post(f"/admin/models/tiny/{verb}", params=query)

    async def put(self, kind: str, body: str) -> httpx.Response:
        return await self.http.put(f"/admin/models/tiny/{kind}", content=body, headers=JSON)

    async def look(self) -> None:
        async with self.reloader.changing:
            await self.reloader.look()

    async def answers(self) -> tuple[int, int | None]:
        """The status of a prediction, and the version that made it."""
        response = await self.http.post("/predict", content=body_of(GOOD), headers=JSON)
        return response.status_code, response.json().get("version")

    async def states(self) -> dict[int, str]:
        (model,) = (await self.http.get("/admin/models")).json()["models"]
        return {version["version"]: version["state"] for version in model["versions"]}


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    for version in (1, 2, 3):
        tiny.write(tmp_path, tiny.Tiny(version=version, shift=float(version)))
    app = serving.app_of(tmp_path, watch_s=0, admin_keys_file=serving.operators(tmp_path))
    async with serving.running(app) as client:
        client.headers.update(serving.OPERATOR)
        yield Operator(app, client, tmp_path)


async def test_it_is_for_operators_alone(operator: Operator, tmp_path: Path) -> None:
    """No key, or one that opens predictions only, opens nothing here; nothing has changed after it."""
    del operator.http.headers["x-api-key"]
    for method, path in (("GET", "models"), ("POST", "reload"), ("POST", "models/tiny/unload"), ("GET", "none")):
        response = await operator.http.request(method, f"/admin/{path}")
        assert (response.status_code, "valid key" in response.json()["error"]) == (401, True)
    assert (await operator.http.get("/health/ready")).status_code == 200
    operator.http.headers.update(serving.OPERATOR)
    assert (await operator.http.get("/admin/models")).status_code == 200


async def test_it_is_off_unless_asked_for(models: Path) -> None:
    """Then there is no such path, and the documentation does not know it."""
    async with serving.running(serving.app_of(models)) as client:
        assert (await client.get("/admin/models")).status_code == 404
        assert (await client.post("/admin/reload")).status_code == 404
        assert not [path for path in (await client.get("/openapi.json")).json()["paths"] if path.startswith("/admin")]


async def test_the_report(operator: Operator) -> None:
    """Every version, who answers and who is kept."""
    (model,) = (await operator.http.get("/admin/models")).json()["models"]
    (version,) = model.pop("versions")
    assert model == {"name": "tiny", "answers": 3, "kept": None, "canary": None, "shadow": None}
    assert (version["version"], version["state"], version["reason"]) == (3, "ready", None)
    assert len(version["sha256"]) == 64


# ── load ──


async def test_a_version_by_number_answers_and_stays(operator: Operator) -> None:
    """The newer one that lies there is not promoted over it; something newer still is."""
    response = await operator.do("load", version=1)
    assert (response.status_code, response.json()["answers"], response.json()["kept"]) == (200, 1, 3)
    await operator.look()
    await operator.look()
    assert await operator.answers() == (200, 1)
    tiny.write(operator.models, tiny.Tiny(version=4))
    await operator.look()
    assert await operator.answers() == (200, 4)


async def test_load_without_a_number_is_what_the_settings_ask_for(operator: Operator) -> None:
    """It ends what was chosen by hand."""
    await operator.do("load", version=1)
    assert (await operator.do("load")).json()["answers"] == 3
    assert await operator.answers() == (200, 3)


async def test_loading_what_is_loaded_changes_nothing(operator: Operator) -> None:
    """The same session goes on."""
    before = operator.registry.find()
    assert (await operator.do("load", version=3)).status_code == 200
    assert (await operator.do("load")).status_code == 200
    assert operator.registry.find() is before


async def test_a_version_that_fails_is_a_conflict(operator: Operator) -> None:
    """The reason is in the answer; who answered goes on; a second try is a try."""
    folder = tiny.write(operator.models, tiny.Tiny(version=4))
    spoil(folder)
    for verb in ({"version": 4}, {}):
        response = await operator.do("load", **verb)
        assert response.status_code == 409
        assert "of the trainer's answers" in response.json()["error"]
        assert await operator.answers() == (200, 3)
    assert (await operator.http.get("/health/ready")).status_code == 200
    assert (await operator.http.get("/health")).json()["refused"] == [response.json()["error"]]
    shutil.rmtree(folder)
    tiny.write(operator.models, tiny.Tiny(version=4))
    assert (await operator.do("load", version=4)).status_code == 200
    assert await operator.answers() == (200, 4)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("tiny/load?version=9", 404, "expected one of 1, 2, 3. Received: 9."),
        ("tiny/unload?version=9", 404, "Received: `tiny/9`"),
        ("none/load", 404, "expected one of tiny. Received: `none`."),
        ("none/unload", 404, "Received: `none`"),
        ("none/rollback", 404, "Received: `none`"),
        ("tiny/load?version=x", 400, "Invalid `query.version`"),
        ("tiny/load?version=0", 400, "Invalid `query.version`"),
        ("tiny/eject", 404, "Unknown path"),
    ],
)
async def test_what_is_not_there(path: str, status: int, said: str, operator: Operator) -> None:
    """Nothing changes."""
    response = await operator.http.post(f"/admin/models/{path}")
    assert response.status_code == status
    assert said in response.json()["error"]
    assert await operator.answers() == (200, 3)


# ── unload ──


async def test_unloading_a_model(operator: Operator) -> None:
    """503 until it is loaded; the watch leaves it alone, and loads no older version in its place."""
    assert (await operator.do("unload")).json()["answers"] is None
    assert await operator.answers() == (503, None)
    await operator.look()
    await operator.look()
    assert await operator.answers() == (503, None)
    assert await operator.states() == {3: "unloaded"}
    assert (await operator.http.get("/health/ready")).status_code == 503
    assert (await operator.http.get("/health/live")).status_code == 200
    shutil.rmtree(operator.models / "tiny" / "3")
    await operator.look()
    await operator.look()
    assert await operator.answers() == (503, None)
    assert (await operator.do("load")).status_code == 200
    assert await operator.answers() == (200, 2)


async def test_unloading_the_version_that_answers(operator: Operator) -> None:
    """The one that is kept answers."""
    await operator.do("load", version=2)
    assert (await operator.do("unload", version=2)).json()["answers"] == 3
    assert await operator.answers() == (200, 3)
    assert await operator.states() == {2: "unloaded", 3: "ready"}


async def test_new_content_ends_an_unload(operator: Operator) -> None:
    """It is something new."""
    await operator.do("unload")
    tiny.write(operator.models, tiny.Tiny(version=4))
    await operator.look()
    assert await operator.answers() == (200, 4)


# ── rollback ──


async def test_a_rollback_holds(operator: Operator) -> None:
    """The version that was taken back is not promoted by the watch; a second rollback is the way forward."""
    tiny.write(operator.models, tiny.Tiny(version=4))
    await operator.look()
    response = await operator.do("rollback")
    assert (response.status_code, response.json()["answers"], response.json()["kept"]) == (200, 3, 4)
    await operator.look()
    await operator.look()
    assert await operator.answers() == (200, 3)
    assert (await operator.do("rollback")).json()["answers"] == 4
    assert await operator.answers() == (200, 4)


async def test_a_rollback_of_a_changed_content(operator: Operator) -> None:
    """The number is the same; the answers are those of before."""
    before = (await operator.http.post("/predict", content=body_of(GOOD), headers=JSON)).json()
    shutil.rmtree(operator.models / "tiny" / "3")
    tiny.write(operator.models, tiny.Tiny(version=3, shift=9.0))
    await operator.look()
    assert (await operator.http.post("/predict", content=body_of(GOOD), headers=JSON)).json() != before
    await operator.do("rollback")
    await operator.look()
    await operator.look()
    assert (await operator.http.post("/predict", content=body_of(GOOD), headers=JSON)).json() == before


async def test_a_rollback_to_what_is_gone_from_the_folder(operator: Operator) -> None:
    """It is still in memory."""
    tiny.write(operator.models, tiny.Tiny(version=4))
    await operator.look()
    for version in (1, 2, 3):
        shutil.rmtree(operator.models / "tiny" / str(version))
    assert (await operator.do("rollback")).json()["answers"] == 3
    await operator.look()
    await operator.look()
    assert await operator.answers() == (200, 3)


async def test_nothing_to_go_back_to(operator: Operator) -> None:
    """A conflict; who answers goes on."""
    response = await operator.do("rollback")
    assert (response.status_code, await operator.answers()) == (409, (200, 3))


# ── reload, and what is counted ──


async def test_reload_looks_at_once(operator: Operator) -> None:
    """At what is new, what failed, and what is gone."""
    tiny.write(operator.models, tiny.Tiny(version=4))
    report = (await operator.http.post("/admin/reload")).json()
    assert report["models"][0]["answers"] == 4
    shutil.rmtree(operator.models / "tiny" / "4")
    report = (await operator.http.post("/admin/reload")).json()
    assert (report["fault"], report["models"][0]["answers"]) == (None, 3)


async def test_metrics_follow(operator: Operator) -> None:
    """Loads by their end; a version that is gone leaves no series."""
    spoil(tiny.write(operator.models, tiny.Tiny(version=4)))
    await operator.do("load", version=4)
    text = (await operator.http.get("/metrics")).text
    assert 'slipway_model_loads_total{model="tiny",outcome="failed"} 1.0' in text
    assert 'slipway_model_ready{model="tiny",version="4"} 0.0' in text
    assert 'slipway_model_ready{model="tiny",version="3"} 1.0' in text
    for version in (5, 6):
        tiny.write(operator.models, tiny.Tiny(version=version))
        await operator.look()
    await serving.until(lambda: not operator.reloader._tasks)
    text = (await operator.http.get("/metrics")).text
    assert 'version="6"' in text
    assert 'version="5"' in text
    assert 'version="3"' not in text
    assert 'version="4"' not in text


async def test_several_workers(models: Path, tmp_path: Path) -> None:
    """What would reach one of them is refused, and says what reaches all."""
    app = serving.app_of(models, admin_keys_file=serving.operators(tmp_path), workers=2)
    async with serving.running(app) as client:
        client.headers.update(serving.OPERATOR)
        response = await client.post("/admin/models/tiny/unload")
        assert response.status_code == 409
        assert "/admin/reload" in response.json()["error"]
        assert (await client.get("/admin/models")).status_code == 200


async def test_a_verb_needs_its_method(operator: Operator) -> None:
    """As everywhere."""
    response = await operator.http.get("/admin/models/tiny/load")
    assert (response.status_code, response.headers["allow"]) == (405, "POST, OPTIONS")


def rule(**fields: Any) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize("kind", ["canary", "shadow"])
async def test_a_canary_or_shadow_by_hand(kind: str, operator: Operator) -> None:
    """The version is loaded and not promoted, neither while it has its share nor after."""
    tiny.write(operator.models, tiny.Tiny(version=4))
    path = f"/admin/models/tiny/{kind}"
    response = await operator.put(kind, rule(version=4, share=0.5))
    assert response.status_code == 200
    assert response.json()[kind]["version"] == 4
    await operator.look()
    assert operator.registry.find("tiny", 4).version == 4
    assert operator.registry.find().version == 3
    assert (await operator.http.delete(path)).json()[kind] is None
    await operator.look()
    assert (operator.registry.find().version, await operator.states()) == (3, {3: "ready"})
    assert (await operator.http.delete(path)).status_code == 404
    assert (await operator.do("load", version=4)).json()["answers"] == 4


@pytest.mark.parametrize("kind", ["canary", "shadow"])
async def test_loading_a_canary_ends_it(kind: str, operator: Operator) -> None:
    """It answers everybody then."""
    await operator.put(kind, rule(version=2))
    body = (await operator.do("load", version=2)).json()
    assert (body["answers"], body["kept"], body[kind]) == (2, 3, None)


async def test_a_canary_of_the_newest(operator: Operator) -> None:
    """The one before it is loaded, and answers the others."""
    body = (await operator.put("canary", rule(version=3, share=0.1))).json()
    assert (body["answers"], body["canary"]["version"]) == (2, 3)


@pytest.mark.parametrize("kind", ["canary", "shadow"])
async def test_a_canary_that_cannot_be(kind: str, operator: Operator) -> None:
    """Nothing changes."""
    path = f"/admin/models/tiny/{kind}"
    spoil(tiny.write(operator.models, tiny.Tiny(version=4)))
    for body, status in (
        (rule(version=4), 409),
        (rule(version=9), 404),
        (rule(version=2, share=2), 400),
        (rule(version=2, shares=1), 400),
        ("{", 400),
    ):
        assert (await operator.put(kind, body)).status_code == status
        assert (await operator.http.delete(path)).status_code == 404
    await operator.look()
    assert await operator.answers() == (200, 3)


async def test_a_model_of_one_version_has_no_canary(models: Path, tmp_path: Path) -> None:
    """It goes on answering everybody."""
    app = serving.app_of(models, admin_keys_file=serving.operators(tmp_path), watch_s=0)
    async with serving.running(app) as client:
        client.headers.update(serving.OPERATOR)
        response = await client.put("/admin/models/tiny/canary", content=rule(version=1, share=0.5), headers=JSON)
        assert (response.status_code, "no other version" in response.json()["error"]) == (409, True)
        assert app.state.registry.find().version == 1
