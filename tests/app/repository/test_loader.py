"""Loading behind the requests, and what is left when a model is freed."""

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import BundleError
from app.http.byte_budget import ByteBudget
from app.repository.loader import NICENESS, Loader
from app.settings import Settings
from tests.app.repository.test_registry import observe


@pytest.fixture
def loader(models: Path) -> Iterator[Loader]:
    made = Loader(Settings(models=models), ByteBudget())
    yield made
    made.stop()


def priorities() -> dict[int, int]:
    """The priority of each of this process's threads, as the system has it; those of earlier tests may just end."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            found[int(task.name)] = os.getpriority(os.PRIO_PROCESS, int(task.name))
    return found


async def test_a_quiet_load_is_of_low_priority(loader: Loader, models: Path) -> None:
    """The other threads of the process keep theirs."""
    own, before = os.getpriority(os.PRIO_PROCESS, 0), priorities()
    model = await loader.load(models / "tiny" / "1", quietly=True)
    quiet = await loader.run(threading.get_native_id)
    after = priorities()
    assert model.decision.threads == 1
    assert after[quiet] == min(own + NICENESS, 19)
    assert {number for task, number in after.items() if number != before.get(task, own)} == {after[quiet]}


async def test_the_threads_of_a_session_are_not_of_low_priority(models: Path) -> None:
    """They would inherit it from the thread that makes the session, and could never be raised again."""
    loader, own = Loader(Settings(models=models, threads=3), ByteBudget()), os.getpriority(os.PRIO_PROCESS, 0)
    before = priorities()
    model = await loader.load(models / "tiny" / "1", quietly=True)
    quiet = await loader.run(threading.get_native_id)
    made = {task: number for task, number in priorities().items() if task not in before}
    assert model.decision.threads == 3
    assert len(made) >= 3  # two more for the session, and the one of the disk
    assert {number for task, number in made.items() if task != quiet} == {own}
    loader.stop()


async def test_a_load_that_fails(loader: Loader, tmp_path: Path) -> None:
    """Says why, quietly or not."""
    for quietly in (True, False):
        with pytest.raises(BundleError):
            await loader.load(tmp_path / "tiny" / "1", quietly=quietly)


async def test_a_freed_model_leaves_no_session(loader: Loader, models: Path) -> None:
    """Although batcher and model know one another."""
    model = await loader.load(models / "tiny" / "1", quietly=True)
    model.start(observe(model), Settings())
    session = weakref.ref(model._engine._session)
    await loader.drain(model)
    await loader.free(model)
    assert session() is None


async def test_a_batcher_that_is_broken_is_not_waited_for(loader: Loader, models: Path) -> None:
    """It will never be idle."""
    model = await loader.load(models / "tiny" / "1", quietly=False)
    model.start(observe(model), Settings())
    model.batcher._busy = True
    model.batcher.failure = RuntimeError("broken")
    await loader.drain(model)
