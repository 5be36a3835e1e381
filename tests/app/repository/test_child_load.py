"""A load in a process of its own: a good one, a bad one, one that is killed, and what the process may do."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from app.errors import BundleError
from app.http.byte_budget import ByteBudget
from app.repository.child import LOADING, NICENESS, OOM_SCORE
from app.repository.child_load import ChildLoad, ChildRefusal
from app.repository.loader import CHILD_BYTES, Loader
from app.repository.loading import GivenUp
from app.runtime.model import load
from app.settings import Settings
from tests.app import graphs
from tests.support import serving, tiny
from tests.support.signed import Keys


def test_a_good_version(models: Path) -> None:
    """It is told by the hash of what was loaded."""
    tried = ChildLoad(models / "tiny" / "1", Settings()).verdict()
    model = load(models / "tiny" / "1", Settings())
    assert (tried.content_sha256, tried.threads) == (model.facts.content_sha256, 1)


def test_a_bad_version(tmp_path: Path) -> None:
    """The reason is the one of a load here, and so is whether all files have arrived."""
    folder = tiny.write(tmp_path)
    (folder / "card.md").write_text("another")
    with pytest.raises(BundleError) as here:
        load(folder, Settings())
    with pytest.raises(ChildRefusal) as there:
        ChildLoad(folder, Settings()).verdict()
    assert str(there.value) == str(here.value)
    assert not there.value.complete


def test_more_memory_than_it_may_have(tmp_path: Path) -> None:
    """Is refused in the child, by name, instead of being taken from the service; a graph alone would be served else."""
    folder = graphs.write(tmp_path, graphs.filled(2**28))
    with pytest.raises(ChildRefusal, match=r"which the service has to spare"):
        ChildLoad(folder, Settings(), 48 * 2**20).verdict()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_one_that_is_killed_is_refused_by_name(number: signal.Signals, tmp_path: Path) -> None:
    """Of low priority, first to go where memory is short, and with nothing of the service's environment."""
    folder = graphs.write(tmp_path, graphs.folding())
    child, raised = ChildLoad(folder, Settings()), []

    def wait() -> None:
        try:
            child.verdict()
        except ChildRefusal as error:
            raised.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    await serving.until(lambda: child._process is not None)
    pid = child._process.pid  # type: ignore[union-attr]
    place = Path(f"/proc/{pid}")
    await serving.until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    assert int((place / "oom_score_adj").read_text()) == OOM_SCORE
    assert b"SLIPWAY" not in (place / "environ").read_bytes()
    os.kill(pid, number)
    thread.join()
    assert number.name in raised[0]
    assert str(folder) in raised[0]


def test_one_that_nobody_waits_for_is_not_started(models: Path) -> None:
    child = ChildLoad(models / "tiny" / "1", Settings())
    child.end()
    with pytest.raises(ChildRefusal):
        child.verdict()
    assert child._process is None


async def test_the_memory_of_a_child_is_taken_from_that_of_bodies(models: Path) -> None:
    """While it runs; where bodies have all of it, the version waits and is not refused."""
    budget, held = ByteBudget(2 * CHILD_BYTES), []
    loader = Loader(Settings(models=models, timeout_ms=20), budget)

    class Noted(ByteBudget):
        def change(self, before_bytes: int, after_bytes: int) -> None:
            held.append(after_bytes)
            super().change(before_bytes, after_bytes)

    noted = Loader(Settings(models=models), Noted())
    await noted.load(models / "tiny" / "1", quietly=True, apart=True)
    assert held == [CHILD_BYTES, 0]
    body = budget.hold(2 * CHILD_BYTES)
    with pytest.raises(GivenUp, match="expected memory to load it"):
        await loader.load(models / "tiny" / "1", quietly=True, apart=True)
    body.end()
    for each in (loader, noted):
        each.stop()


def test_the_child_gets_every_setting_that_a_load_reads(tmp_path: Path) -> None:
    """By its name in `LOADING`; any other would have its default there."""
    keys = Keys(tmp_path)

    class Watched(Settings):
        def __getattribute__(self, name: str) -> Any:
            if name in Settings.model_fields:
                read.add(name)
            return super().__getattribute__(name)

    read: set[str] = set()
    settings = Watched(verify_key=keys.public)
    for folder in (tiny.write(tmp_path), graphs.write(tmp_path, graphs.linear())):
        keys.sign(folder)
        load(folder, settings)
        ChildLoad(folder, settings).verdict()
    assert read == set(LOADING)
