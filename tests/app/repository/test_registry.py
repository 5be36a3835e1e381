"""Which versions are served, which are not, and why."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.bundle import reader as bundles
from app.errors import InvalidInput, NotFound, NotReady
from app.repository.loader import Loader
from app.repository.registry import Registry
from app.repository.reloader import Reloader
from app.repository.traffic_split import Traffic
from app.repository.versions import Entry
from app.runtime.model import Calls, Model, Observer
from app.settings import Settings
from tests.support import serving, tiny


class Silent:
    """An observer that keeps nothing."""

    calls: Mapping[str, Calls] = {}
    previews: Any = None

    def decoded(self, seconds: float) -> None: ...

    def encoded(self, seconds: float) -> None: ...

    def traced(self, seconds: float, trace_id: str) -> None: ...

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None: ...

    def retried(self) -> None: ...


class Uncounted:
    """Counts nothing."""

    def shadowed(self, model: Model, outcome: str) -> None: ...

    def compared(self, model: Model, seconds: float, agreed: list[bool], difference: float) -> None: ...


def observe(model: Model) -> Observer:
    return Silent()


def reloader(settings: Settings, *told: Any) -> tuple[Registry, Reloader]:
    """A registry of a folder, and what fills it."""
    registry = Registry(settings, Traffic(settings.canary, settings.shadow, Uncounted()))
    return registry, Reloader(registry, settings, observe, *told)


class Loads:
    """The folder of models and a registry of it; `ended` lists the loads that ended."""

    def __init__(self, models: Path, **settings: Any) -> None:
        self.ended: list[tuple[str, int, str]] = []
        known = {"load_in_child": False, **settings}  # a second a load, which few tests are about
        self.registry, self.reloader = reloader(Settings(models=models, **known), self._note)

    def _note(self, entry: Entry, ready: bool) -> None:
        self.ended.append((entry.name, entry.version, entry.state))


async def loaded(models: Path, **settings: Any) -> Registry:
    loads = Loads(models, **settings)
    await loads.reloader.load_all()
    return loads.registry


def write(root: Path, *versions: tuple[str, int]) -> None:
    for name, version in versions:
        tiny.write(root, tiny.Tiny(name=name, version=version))


def damage(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"?")


def found(registry: Registry, *args: Any) -> tuple[str, int]:
    model = registry.find(*args)
    return model.name, model.version


async def test_the_newest_version_of_each_model(tmp_path: Path) -> None:
    """By number, not by spelling; other folders are not looked at."""
    write(tmp_path, ("one", 2), ("one", 10), ("two", 1))
    (tmp_path / "one" / "latest").mkdir()
    (tmp_path / ".git" / "1").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    registry = await loaded(tmp_path)
    assert [(entry.name, entry.version, entry.state) for entry in registry.entries] == [
        ("one", 10, "ready"),
        ("two", 1, "ready"),
    ]
    assert registry.ready
    assert registry.finished.is_set()


async def test_every_version_on_request(tmp_path: Path) -> None:
    """`versions=all` loads them, and the newest still answers by default."""
    write(tmp_path, ("one", 1), ("one", 2))
    registry = await loaded(tmp_path, versions="all")
    assert found(registry) == ("one", 2)
    assert found(registry, "one") == ("one", 2)
    assert found(registry, "one", 1) == ("one", 1)
    assert found(registry, None, 1) == ("one", 1)
    assert len(registry.models) == 2


async def test_what_is_not_there(tmp_path: Path) -> None:
    """The message lists what is."""
    write(tmp_path, ("one", 1))
    registry = await loaded(tmp_path)
    for asked, said in ((("two",), "`two`"), (("one", 2), "`one/2`"), (("ONE",), "`ONE`")):
        with pytest.raises(NotFound, match=f"expected one of one/1. Received: {said}."):
            registry.find(*asked)


async def test_several_models_and_none_named(tmp_path: Path) -> None:
    """Unless a default is set, the caller must say which."""
    write(tmp_path, ("one", 1), ("two", 1))
    with pytest.raises(InvalidInput, match=r"expected one of one, two in the query. Received: nothing."):
        (await loaded(tmp_path)).find()
    assert found(await loaded(tmp_path, default_model="two")) == ("two", 1)
    with pytest.raises(NotFound, match="Received: `three`"):
        (await loaded(tmp_path, default_model="three")).find()


@pytest.mark.parametrize("make", [lambda root: None, lambda root: root.mkdir(), lambda root: root.write_text("x")])
async def test_no_models_at_all(make: Any, tmp_path: Path) -> None:
    """A missing folder, an empty one and a file are a fault that says where bundles were expected."""
    root = tmp_path / "models"
    make(root)
    registry = await loaded(root)
    assert f"expected bundles in {root}/<name>/<version>/" in registry.fault
    assert (registry.ready, registry.finished.is_set(), registry.models) == (False, True, [])
    with pytest.raises(NotReady, match=r"No model is loaded."):
        registry.find()


async def test_one_failed_model_beside_a_good_one(tmp_path: Path) -> None:
    """The failure is kept with its reason, and the other answers."""
    write(tmp_path, ("bad", 1), ("good", 1))
    damage(tmp_path / "bad" / "1")
    loads = Loads(tmp_path)
    await loads.reloader.load_all()
    bad, good = loads.registry.entries
    assert (bad.state, bad.model, good.state) == ("failed", None, "ready")
    assert bad.reason.startswith(str(tmp_path / "bad" / "1" / "model.onnx"))
    assert loads.ended == [("bad", 1, "failed"), ("good", 1, "ready")]
    assert not loads.registry.ready
    assert found(loads.registry, "good") == ("good", 1)
    with pytest.raises(NotReady, match=r"Model `bad` version 1 is failed."):
        loads.registry.find("bad")


async def test_a_failed_newest_version_does_not_fall_back(tmp_path: Path) -> None:
    """An older version must not answer unasked in the place of the newest."""
    write(tmp_path, ("one", 1), ("one", 2))
    damage(tmp_path / "one" / "2")
    registry = await loaded(tmp_path, versions="all")
    with pytest.raises(NotReady, match="version 2 is failed"):
        registry.find()
    assert found(registry, None, 1) == ("one", 1)


async def test_any_failure_of_a_load_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug while loading one model does not keep the others from being loaded."""
    write(tmp_path, ("one", 1), ("two", 1))
    real = bundles.read

    def broken(folder: Path, *args: Any, **options: Any) -> Any:
        if folder.parent.name == "one":
            raise MemoryError("no memory left")
        return real(folder, *args, **options)

    monkeypatch.setattr(bundles, "read", broken)
    registry = await loaded(tmp_path)
    assert registry.entries[0].reason == f"{tmp_path / 'one' / '1'}: MemoryError: no memory left"
    assert registry.entries[1].state == "ready"


async def test_while_models_load_the_loop_turns_and_they_are_not_found(models: Path) -> None:
    """Before the load has ended the answer is 503, not 404 and not a hang."""
    loads = Loads(models)
    registry = loads.registry
    with pytest.raises(NotReady, match=r"No model is loaded."):
        registry.find()
    loading = asyncio.create_task(loads.reloader.load_all())
    await serving.until(lambda: bool(registry.entries))
    with pytest.raises(NotReady, match=r"Model `tiny` version 1 is loading."):
        registry.find()
    assert not registry.ready
    await loading
    assert found(registry) == ("tiny", 1)


async def test_stop_frees_the_threads(models: Path) -> None:
    """After it a model in a thread takes no more runs."""
    loads = Loads(models, run_on="thread")
    await loads.reloader.load_all()
    loads.reloader.stop()
    with pytest.raises(RuntimeError, match="shutdown"):
        loads.registry.models[0]._executor.submit(print)  # type: ignore[union-attr]  # there is one: run_on says so


async def test_the_first_models_are_loaded_at_full_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until they are there nobody is served, and somebody waits; what comes later is loaded behind the requests."""
    for name in ("a", "b"):
        tiny.write(tmp_path, tiny.Tiny(name=name))
    app = serving.app_of(tmp_path, watch_s=0, load_in_child=True)
    seen: list[tuple[str, bool, bool]] = []
    load = Loader.load

    async def noted(self: Loader, folder: Path, *, quietly: bool, apart: bool) -> Model:
        seen.append((folder.parent.name, quietly, apart))
        return await load(self, folder, quietly=quietly)

    monkeypatch.setattr(Loader, "load", noted)
    async with serving.running(app):
        tiny.write(tmp_path, tiny.Tiny(name="c"))
        await app.state.reloader.reload()
    assert seen == [("a", False, False), ("b", False, False), ("c", True, True)]
