"""Every ordinary route."""

from pathlib import Path

import httpx
import pytest

from tests.support import serving, tiny


async def test_without_the_page_the_root_leads_to_the_documentation(tmp_path: Path) -> None:
    """A person who opens the address sees something."""
    tiny.write(tmp_path)
    async with serving.running(serving.app_of(tmp_path, page=False)) as client:
        response = await client.get("/")
    assert response.status_code == 307
    assert response.next_request is not None
    assert response.next_request.url.path == "/docs"


async def test_the_list_of_models(tmp_path: Path) -> None:
    """Every version with its state, and what it is."""
    for version in (1, 2):
        tiny.write(tmp_path, tiny.Tiny(version=version))
    async with serving.running(serving.app_of(tmp_path, versions="all")) as client:
        first, second = (await client.get("/models")).json()["models"]
    assert (first["name"], first["version"], first["state"]) == ("tiny", 1, "ready")
    assert second["version"] == 2
    assert (first["task"], first["target"], first["precision"]) == ("binary", "target", "fp32")
    assert first["metrics"] == {"accuracy": 1.0}
    assert first["engine"].startswith("runs ")
    assert "reason" not in first


async def test_a_model_in_full(client: httpx.AsyncClient) -> None:
    """Features, labels, metrics and an example that works when posted."""
    response = await client.get("/models/tiny")
    assert response.json()["name"] == "tiny"
    (version,) = response.json()["versions"]
    assert [feature["name"] for feature in version["features"]] == ["age", "hours-per-week", "member", "level"]
    assert version["labels"] == ["no", "yes"]
    assert (version["answers"], "share" in version, "shadow" in version) == (True, False, False)
    assert version["metrics"] == {"shipped": {"accuracy": 1.0}}
    assert (await client.post("/predict", json=version["example"])).status_code == 200


async def test_who_gets_what_of_the_traffic(tmp_path: Path) -> None:
    """Which version answers, the shares of a canary and of the others, and a shadow's copies; callers learn no rule."""
    for version in (1, 2, 3, 4):
        tiny.write(tmp_path, tiny.Tiny(version=version))
    rules = {"canary": {"tiny": {"version": 2, "share": 0.1, "match": {"x-tester": "secret"}}},
             "shadow": {"tiny": {"version": 3, "share": 0.5}}}  # fmt: skip
    async with serving.running(serving.app_of(tmp_path, versions="all", **rules)) as client:
        answer = await client.get("/models/tiny")
        found = {version["version"]: version for version in answer.json()["versions"]}
    roles = {v: {key: found[v].get(key) for key in ("answers", "share", "shadow")} for v in found}
    assert roles == {
        1: {"answers": False, "share": None, "shadow": None},
        2: {"answers": False, "share": 0.1, "shadow": None},
        3: {"answers": False, "share": None, "shadow": 0.5},
        4: {"answers": True, "share": 0.9, "shadow": None},
    }
    assert "secret" not in answer.text


async def test_a_failed_model_in_full(tmp_path: Path) -> None:
    """What is known of it: the reason."""
    (tiny.write(tmp_path) / "card.md").unlink()
    async with serving.running(serving.app_of(tmp_path)) as client:
        (version,) = (await client.get("/models/tiny")).json()["versions"]
    assert list(version) == ["name", "version", "state", "reason"]


@pytest.mark.parametrize("name", ["other", "TINY", "tiny%20", "x" * 500])
async def test_an_unknown_model(name: str, client: httpx.AsyncClient) -> None:
    """404, with those that are known."""
    response = await client.get(f"/models/{name}")
    assert response.status_code == 404
    assert response.json()["error"].startswith("Unknown model: expected one of tiny. Received: `")
    assert len(response.text) < 300
