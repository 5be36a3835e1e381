"""The models folder changes while the service runs: what is new serves once it is proven, and nothing is lost."""

import asyncio
import gc
import json
import os
import shutil
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound, NotReady
from app.repository.registry import Registry
from app.repository.reloader import Reloader
from app.repository.versions import Entry
from app.settings import Settings
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.repository.test_registry import reloader as filled
from tests.support import serving, tiny


class Watched:
    """A registry of a folder; `loads` and `retired` list what it told."""

    def __init__(self, models: Path, **settings: Any) -> None:
        self.models = models
        self.loads: list[tuple[int, bool]] = []
        self.retired: list[tuple[int, bool]] = []
        self.registry, self.reloader = filled(
            Settings(models=models, watch_s=0, **{"load_in_child": False, **settings}), self._loaded, self._retired
        )

    def _loaded(self, entry: Entry, ready: bool) -> None:
        self.loads.append((entry.version, ready))

    def _retired(self, entry: Entry, model: object) -> None:
        self.retired.append((entry.version, model is not None))

    def write(self, version: int, name: str = "tiny", **knobs: Any) -> Path:
        """Write a version beside the folder and move it in whole, in the place of what is there."""
        made = tiny.write(self.models.parent / "made", tiny.Tiny(name=name, version=version, **knobs))
        folder = self.models / name / str(version)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(folder)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            async with self.reloader.changing:
                await self.reloader.look()

    @property
    def answers(self) -> int:
        return self.registry.find("tiny").version

    @property
    def states(self) -> dict[int, str]:
        return {entry.version: entry.state for entry in self.registry.entries}

    def entry(self, version: int) -> Entry:
        return next(entry for entry in self.registry.entries if entry.version == version)

    async def freed(self) -> None:
        """Wait until every model that was let go is freed."""
        await serving.until(lambda: not self.reloader._tasks)


Make = Callable[..., Awaitable[Watched]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Make a registry of a folder with `tiny/1`, loaded."""
    made: list[Watched] = []

    async def start(**settings: Any) -> Watched:
        watched = Watched(tmp_path / "models", **settings)
        made.append(watched)
        watched.write(1)
        await watched.reloader.load_all()
        return watched

    yield start
    for watched in made:
        watched.reloader.stop()


def spoil(folder: Path) -> None:
    """Let a version answer otherwise than its golden rows say, its hashes being right."""
    golden = json.loads((folder / "golden.json").read_text())
    golden["outputs"]["probabilities"][0] = [0.9, 0.1]
    (folder / "golden.json").write_text(json.dumps(golden))
    tiny.rewrite_manifest(folder, json.loads((folder / "manifest.json").read_text()))


# ── what is new ──


async def test_a_new_version_answers_and_the_one_before_is_kept(make: Make) -> None:
    """And only that one: what came before it is freed."""
    watched = await make()
    for version in (2, 3):
        watched.write(version, shift=float(version))
        await watched.look()
        assert watched.answers == version
        assert watched.registry.find().version == version
        assert watched.states == {version - 1: "ready", version: "ready"}
    await watched.freed()
    assert watched.loads == [(1, True), (2, True), (3, True)]
    assert watched.retired == [(1, True)]
    with pytest.raises(NotFound):
        watched.registry.find("tiny", 1)
    assert watched.registry.find("tiny", 2).version == 2


async def test_nothing_is_loaded_twice(make: Make) -> None:
    """A look at what has not changed costs no load."""
    watched = await make()
    await watched.look(3)
    assert watched.loads == [(1, True)]


async def test_a_changed_content_of_the_same_version(make: Make) -> None:
    """Is loaded like a new version; requests then see the new one."""
    watched = await make()
    before = watched.registry.find()
    watched.write(1, shift=5.0)
    await watched.look()
    after = watched.registry.find()
    assert after is not before
    assert after.facts.sha256 != before.facts.sha256
    assert watched.states == {1: "ready"}


async def test_a_new_model(make: Make) -> None:
    """Beside the others."""
    watched = await make()
    watched.write(1, name="other")
    await watched.look()
    assert watched.registry.find("other").name == "other"
    assert watched.registry.ready


async def test_a_volume_that_is_switched_by_a_link(tmp_path: Path) -> None:
    """Files are links through `..data`, and `..data` is switched in one step; the version's number is the same."""
    folder = tmp_path / "models" / "tiny" / "1"
    folder.mkdir(parents=True)
    for turn, shift in (("..first", 0.0), ("..second", 5.0)):
        tiny.write(tmp_path / turn, tiny.Tiny(shift=shift)).rename(tmp_path / "models" / turn)
    root = tmp_path / "models"
    (root / "..data").symlink_to("..first")
    for name in ("manifest.json", "model.onnx", "golden.json", "profile.json", "card.md"):
        (folder / name).symlink_to(f"../../..data/{name}")
    watched = Watched(root)
    await watched.reloader.load_all()
    before = watched.registry.find().facts.sha256
    (root / "..next").symlink_to("..second")
    (root / "..next").rename(root / "..data")
    await watched.look()
    assert watched.registry.find().facts.sha256 != before
    watched.reloader.stop()


# ── what is not complete, or not good ──


async def test_a_half_written_bundle_is_left_alone(make: Make) -> None:
    """Until its hashes match; who answers goes on meanwhile, and no failure is counted."""
    watched = await make()
    whole = tiny.write(watched.models.parent / "whole", tiny.Tiny(version=2))
    folder = watched.models / "tiny" / "2"
    folder.mkdir()
    for name in ("card.md", "golden.json", "manifest.json", "profile.json"):
        shutil.copy(whole / name, folder / name)
        await watched.look()
        assert watched.answers == 1
        assert watched.states[2] == "waiting"
    content = (whole / "model.onnx").read_bytes()
    for size in (0, len(content) // 2, len(content) - 1):
        (folder / "model.onnx").write_bytes(content[:size])
        await watched.look()
        assert watched.states[2] == "waiting"
        assert f"expected {len(content)} bytes" in watched.entry(2).reason
    with pytest.raises(NotReady, match="version 2 is waiting"):
        watched.registry.find("tiny", 2)
    assert watched.registry.ready
    (folder / "model.onnx").write_bytes(content)
    await watched.look()
    assert (watched.answers, watched.entry(2).reason) == (2, "")
    assert watched.loads == [(1, True), (2, True)]


async def test_a_broken_version_never_serves_and_is_tried_once(make: Make) -> None:
    """The old one goes on, the process stays ready, and the reason is kept."""
    watched = await make()
    spoil(watched.write(2))
    await watched.look(3)
    assert (watched.answers, watched.states) == (1, {1: "ready", 2: "failed"})
    assert "of the trainer's answers" in watched.entry(2).reason
    assert watched.loads == [(1, True), (2, False)]
    assert watched.registry.ready
    watched.write(2)
    await watched.look()
    assert watched.answers == 2
    assert watched.states == {1: "ready", 2: "ready"}


async def test_a_damaged_version_is_refused_once_nobody_writes_it(make: Make) -> None:
    """At the first look it may still be on its way; at the second it is what it is."""
    watched = await make()
    folder = watched.write(2)
    model = folder / "model.onnx"
    model.write_bytes(b"x" * model.stat().st_size)
    await watched.look()
    assert watched.states[2] == "waiting"
    await watched.look()
    assert watched.states[2] == "failed"
    await watched.look(2)
    assert watched.loads == [(1, True), (2, False)]
    assert "expected sha256" in watched.entry(2).reason


async def test_a_refused_content_of_the_version_that_serves(make: Make) -> None:
    """What was loaded goes on, and says why it is not what lies there."""
    watched = await make()
    before = watched.registry.find()
    spoil(watched.write(1))
    await watched.look(2)
    assert watched.registry.find() is before
    assert watched.states == {1: "ready"}
    assert watched.entry(1).reason.startswith("Refused, and what was loaded before goes on: ")
    assert watched.loads == [(1, True), (1, False)]
    assert watched.registry.ready


async def test_a_failed_version_is_dropped_when_a_newer_one_comes(make: Make) -> None:
    """It is not wanted any more."""
    watched = await make()
    spoil(watched.write(2))
    await watched.look()
    watched.write(3)
    await watched.look(2)
    assert (watched.answers, watched.states) == (3, {1: "ready", 3: "ready"})
    assert (2, False) in watched.retired


async def test_a_process_that_began_with_a_failure_becomes_ready_when_it_is_mended(tmp_path: Path) -> None:
    """Not before."""
    watched = Watched(tmp_path / "models")
    spoil(watched.write(1))
    await watched.reloader.load_all()
    before = watched.registry.ready
    watched.write(1)
    await watched.look()
    assert (before, watched.registry.ready, watched.answers) == (False, True, 1)
    watched.reloader.stop()


async def test_a_bare_graph_waits_until_it_is_the_same_at_two_looks(make: Make) -> None:
    """Nothing else says that it is whole."""
    watched = await make()
    whole = tiny.write(watched.models.parent / "whole") / "model.onnx"
    folder = watched.models / "tiny" / "2"
    folder.mkdir()
    for part in (200, 400):
        (folder / "model.onnx").write_bytes(whole.read_bytes()[:part])
        await watched.look()
        assert watched.states[2] == "waiting"
    shutil.copy(whole, folder / "model.onnx")
    (folder / "more.tmp").write_bytes(b"")
    await watched.look(3)
    assert watched.states[2] == "waiting"
    assert "Received: more.tmp." in watched.entry(2).reason
    (folder / "more.tmp").unlink()
    await watched.look()
    assert (watched.states[2], watched.loads) == ("waiting", [(1, True)])
    await watched.look()
    assert (watched.answers, watched.loads) == (2, [(1, True), (2, True)])


async def test_a_content_that_changes_while_it_is_loaded_does_not_serve(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was verified may not be what was run."""
    watched = await make()
    folder = watched.write(2)
    real = watched.reloader.loader.load

    async def load_and_touch(path: Path, **how: bool) -> Any:
        model = await real(path, **how)
        os.utime(folder / "card.md", ns=(1, 1))
        return model

    monkeypatch.setattr(watched.reloader.loader, "load", load_and_touch)
    await watched.look()
    assert (watched.answers, watched.states[2]) == (1, "waiting")
    monkeypatch.undo()
    await watched.look()
    assert watched.answers == 2


# ── what is gone ──


async def test_a_version_that_is_gone_is_missed_at_the_second_look(make: Make) -> None:
    """The one before it answers again."""
    watched = await make()
    watched.write(2)
    await watched.look()
    shutil.rmtree(watched.models / "tiny" / "2")
    await watched.look()
    assert watched.answers == 2
    await watched.look()
    assert watched.answers == 1


async def test_a_folder_without_any_model_unloads_nothing(make: Make) -> None:
    """A volume that is gone for a moment; the fault is said, and the process stays ready."""
    watched = await make()
    away = watched.models.rename(watched.models.parent / "away")
    await watched.look(3)
    assert (watched.answers, watched.registry.ready) == (1, True)
    assert "No such file" in watched.registry.fault
    away.rename(watched.models)
    await watched.look()
    assert (watched.registry.fault, watched.loads) == ("", [(1, True)])


async def test_a_model_that_is_gone_beside_others(make: Make) -> None:
    """Is unloaded: its name is unknown then."""
    watched = await make()
    watched.write(1, name="other")
    await watched.look()
    shutil.rmtree(watched.models / "tiny")
    await watched.look(2)
    with pytest.raises(NotFound):
        watched.registry.find("tiny")
    assert watched.registry.find().name == "other"
    await watched.freed()
    assert watched.retired == [(1, True)]


async def test_all_versions(make: Make) -> None:
    """Each is loaded, and dropped with its folder; the newest answers."""
    watched = await make(versions="all")
    for version in (2, 3):
        watched.write(version)
        await watched.look()
    assert (watched.answers, list(watched.states)) == (3, [1, 2, 3])
    shutil.rmtree(watched.models / "tiny" / "1")
    await watched.look(2)
    assert list(watched.states) == [2, 3]


async def test_versions_by_number(make: Make) -> None:
    """One that is not there keeps the process from being ready, until it is; others are not looked at."""
    watched = await make(versions="1,3")
    assert not watched.registry.ready
    assert watched.states == {1: "ready", 3: "failed"}
    watched.write(2)
    watched.write(3)
    await watched.look()
    assert (watched.answers, watched.states) == (3, {1: "ready", 3: "ready"})
    assert watched.registry.ready


# ── requests and memory ──


async def test_requests_under_way_finish_on_the_old_session(tmp_path: Path) -> None:
    """They were accepted by it; it is freed after them, and they say who answered."""
    models = tmp_path / "models"
    tiny.write(models)
    app = serving.app_of(models, run_on="thread", watch_s=0)
    async with serving.running(app) as client:
        registry: Registry = app.state.registry
        reloader: Reloader = app.state.reloader
        old, gate = registry.find(), threading.Event()
        assert old._executor is not None
        old._executor.submit(gate.wait, serving.PATIENCE_S)
        answer = asyncio.create_task(client.post("/predict", content=body_of(GOOD), headers=JSON))
        await serving.until(lambda: not old.batcher.idle)
        for version in (2, 3):
            tiny.write(models, tiny.Tiny(version=version))
            await reloader.reload()
        assert (await client.post("/predict", content=body_of(GOOD), headers=JSON)).json()["version"] == 3
        assert not answer.done()
        assert old.batcher is not None
        gate.set()
        assert (await answer).json()["version"] == 1
        await serving.until(lambda: not reloader._tasks)
        assert not vars(old)


async def test_a_model_that_is_let_go_is_freed(make: Make) -> None:
    """Session, engine, batcher and thread; also one that was there when the collector was frozen."""
    watched = await make(run_on="thread")
    model = watched.registry.find()
    assert model._executor is not None
    model._executor.submit(int).result()
    remains = [weakref.ref(part) for part in (model._engine._session, model._engine, model.batcher, model)]
    threads = set(model._executor._threads)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing may wait for the collector
    try:
        del model
        for version in (2, 3):
            watched.write(version)
            await watched.look()
        await watched.freed()
        assert [ref() for ref in remains] == [None] * 4
    finally:
        gc.enable()
        gc.unfreeze()
    for thread in threads:
        thread.join(serving.PATIENCE_S)
        assert not thread.is_alive()


async def test_the_watch_looks_by_itself(tmp_path: Path) -> None:
    """As often as the settings say."""
    tiny.write(tmp_path / "models")
    async with serving.running(serving.app_of(tmp_path / "models", watch_s=0.01)) as client:
        made = tiny.write(tmp_path / "made", tiny.Tiny(version=2))
        made.rename(tmp_path / "models" / "tiny" / "2")
        async with asyncio.timeout(serving.PATIENCE_S):
            while (await client.post("/predict", content=body_of(GOOD), headers=JSON)).json()["version"] != 2:
                pass
