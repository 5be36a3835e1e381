"""Start with an older version: the newest is refused, an older one proves itself, and everybody is told."""

import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bundle.reader import MODEL
from app.repository.loader import Loader
from app.repository.older_version import OLDER_MAX
from app.version_policy import Canary
from tests.app import graphs
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.repository.test_registry import Loads, damage, write
from tests.support import serving


async def start(root: Path, **settings: Any) -> Loads:
    loads = Loads(root, **{"start_with_older": True, "watch_s": 0, **settings})
    await loads.reloader.load_all()
    return loads


def answers(loads: Loads, name: str = "tiny") -> int:
    return loads.registry.find(name).version


async def test_by_default_a_refused_version_keeps_the_process_from_being_ready(tmp_path: Path) -> None:
    """Though an older one lies beside it."""
    write(tmp_path, ("tiny", 1), ("tiny", 2))
    damage(tmp_path / "tiny" / "2")
    loads = await start(tmp_path, start_with_older=False)
    assert not loads.registry.ready
    assert [entry.version for entry in loads.registry.entries] == [2]


async def test_an_older_version_that_proves_itself_answers(tmp_path: Path) -> None:
    """The newest one that does; those between are shown with their reasons, and none is awaited any more."""
    write(tmp_path, ("tiny", 1), ("tiny", 2), ("tiny", 3), ("tiny", 10))
    for version in (3, 10):
        damage(tmp_path / "tiny" / str(version))
    loads = await start(tmp_path)
    assert loads.registry.ready
    assert answers(loads) == 2
    assert loads.ended == [("tiny", 10, "failed"), ("tiny", 3, "failed"), ("tiny", 2, "ready")]
    assert [entry.version for entry in loads.registry.entries if entry.passed_over] == [10]


async def test_an_older_version_serves_in_the_place_of_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start, too, loads in a child first; what hangs has a short time here, what is well all that it needs."""
    write(tmp_path, ("tiny", 1))
    graphs.write(tmp_path, graphs.folding(), "tiny", 2)
    in_time = Loader._in_time

    async def limited(self: Loader, folder: Path, *given: Any) -> Any:
        limit_s = 0.5 if folder.name == "2" else serving.PATIENCE_S
        self._settings = self._settings.model_copy(update={"load_timeout_s": limit_s})
        return await in_time(self, folder, *given)

    monkeypatch.setattr(Loader, "_in_time", limited)
    loads = await start(tmp_path, load_in_child=True)
    assert loads.registry.ready
    assert answers(loads) == 1
    assert loads.ended == [("tiny", 2, "failed"), ("tiny", 1, "ready")]
    [entry] = [entry for entry in loads.registry.entries if entry.passed_over]
    assert "tiny/2: expected to load within 0.5 s" in entry.reason
    await serving.until(lambda: not loads.reloader.loader.left)


async def test_an_older_one_must_prove_itself_too(tmp_path: Path) -> None:
    """Where none does, the start is as strict as ever, and says why the newest was refused."""
    write(tmp_path, ("tiny", 1), ("tiny", 2))
    for version in (1, 2):
        damage(tmp_path / "tiny" / str(version))
    loads = await start(tmp_path)
    assert not loads.registry.ready
    assert [(entry.version, entry.required) for entry in loads.registry.entries] == [(1, False), (2, True)]


async def test_not_more_are_tried_than_a_start_has_time_for(tmp_path: Path) -> None:
    newest = OLDER_MAX + 2
    write(tmp_path, *(("tiny", version) for version in range(1, newest + 1)))
    for version in range(2, newest + 1):
        damage(tmp_path / "tiny" / str(version))
    loads = await start(tmp_path)
    assert not loads.registry.ready
    assert len(loads.ended) == OLDER_MAX + 1


async def test_a_model_with_one_version_is_not_given_up(tmp_path: Path) -> None:
    """Every model must serve: another one that does is no reason."""
    write(tmp_path, ("a", 1), ("b", 1))
    damage(tmp_path / "b" / "1")
    assert not (await start(tmp_path)).registry.ready


async def test_versions_by_number_are_meant(tmp_path: Path) -> None:
    """Who asks for 2 does not get 1, nor is ready without it."""
    write(tmp_path, ("tiny", 1), ("tiny", 2))
    damage(tmp_path / "tiny" / "2")
    for versions in ("2", "1,2", '{"tiny": [1, 2]}'):
        assert not (await start(tmp_path, versions=versions)).registry.ready


async def test_of_all_versions_the_highest_that_serves_answers(tmp_path: Path) -> None:
    write(tmp_path, ("tiny", 1), ("tiny", 2), ("tiny", 3))
    damage(tmp_path / "tiny" / "3")
    loads = await start(tmp_path, versions="all")
    assert loads.registry.ready
    assert answers(loads) == 2


async def test_a_refused_canary_does_not_block_its_release(tmp_path: Path) -> None:
    """It has no share until it is mended."""
    write(tmp_path, ("tiny", 1), ("tiny", 2))
    damage(tmp_path / "tiny" / "2")
    loads = await start(tmp_path, canary={"tiny": Canary(version=2, share=0.5)})
    assert loads.registry.ready
    assert answers(loads) == 1


async def test_the_newest_answers_once_it_is_mended(tmp_path: Path) -> None:
    """And not before: what comes after the start is a reload like any other."""
    write(tmp_path, ("tiny", 1), ("tiny", 2))
    damage(tmp_path / "tiny" / "2")
    loads = await start(tmp_path)
    for _ in range(2):
        await loads.reloader.look()
        assert answers(loads) == 1
        assert [entry.version for entry in loads.registry.entries if entry.passed_over] == [2]
    shutil.rmtree(tmp_path / "tiny" / "2")
    write(tmp_path, ("tiny", 2))
    await loads.reloader.reload()
    assert answers(loads) == 2
    assert loads.registry.ready
    assert not [entry for entry in loads.registry.entries if entry.passed_over]


async def passed_over(client: httpx.AsyncClient) -> str:
    [value] = re.findall(
        r'^slipway_model_passed_over\{model="tiny",version="2"\} (\S+)', (await client.get("/metrics")).text, re.M
    )
    return str(value)


async def test_everybody_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log, the readiness, the summary, the list of models and the metrics say it, until the newest serves."""
    write(tmp_path, ("tiny", 1), ("tiny", 2))
    damage(tmp_path / "tiny" / "2")
    async with serving.running(serving.app_of(tmp_path, start_with_older=True, watch_s=0)) as client:
        answer = await client.post("/predict", content=body_of(GOOD), headers=JSON)
        assert (answer.status_code, answer.headers["x-slipway-version"]) == (200, "tiny/1")
        ready = await client.get("/health/ready")
        [reason] = ready.json()["passed_over"]
        assert ready.status_code == 200
        assert reason.startswith("tiny/1 answers, because version 2 was refused: ")
        assert MODEL in reason
        summary = (await client.get("/health")).json()
        assert (summary["status"], summary["passed_over"]) == ("ready", [reason])
        assert summary["models"] == {"tiny/1": "ready", "tiny/2": "failed"}
        assert (await client.get("/health/startup")).status_code == 200
        assert await passed_over(client) == "1.0"
        [line] = [
            record for record in caplog.records if "Started without tiny/2, which was refused" in record.getMessage()
        ]
        assert line.levelname == "ERROR"
