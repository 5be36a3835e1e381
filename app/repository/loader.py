"""Threads and a process in which models are read, loaded and freed, behind the requests.

    Loader.run(work, …)      anything else that touches the disk, one piece at a time
    Loader.load(folder, …)   in a child first, where others are served meanwhile ─> in a thread of this process ─> Model
    Loader.free(model)       a model that answers nobody any more ─> its session, its threads, its memory

A load has `load_timeout_s`; then the child is killed, or the thread left. It knows neither versions nor which answers.
"""

import asyncio
import ctypes
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from app.cgroup import free_bytes
from app.errors import BundleError, Overloaded
from app.http.byte_budget import ByteBudget, Hold
from app.repository.child_load import ChildLoad, ChildRefusal, Tried
from app.repository.load_thread import LOAD_THREAD, in_thread, lower_priority
from app.repository.loading import GivenUp
from app.runtime.model import Model, load
from app.settings import Settings

NICENESS = 5  # of the thread that loads: a third of the time that a thread of requests gets on the same CPU
POLL_S = 0.05  # between two looks whether a model is idle
GRACE_S = 0.25  # for who found a model and has not submitted to it yet
DRAIN_GRACE_S = 1.0  # after the last deadline

CHILD_BYTES = 24 * 2**20  # of bodies: a child takes the memory that so many of them would take
ROOM_BYTES = 48 * 2**20  # that a child may always take for what it loads; both are in docs/sizing.md
BODY_FACTOR, LARGEST_FACTOR = 3.5, 11  # bytes of memory for each byte of bodies; of the largest, while it is read

T = TypeVar("T")


class LoadTimeout(BundleError):
    """Raised when a load in this process has not ended in time; its thread was left."""


class Loader:
    """One load at a time; a child takes its memory from the `budget` of bodies.

    `end` ends the process, and is for who cannot do without a load that hangs in a thread.
    """

    def __init__(self, settings: Settings, budget: ByteBudget, end: Callable[[str], object] = lambda why: None) -> None:
        self._settings = settings
        self.end = end
        self._budget = budget
        initializer = partial(lower_priority, NICENESS)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix=f"{LOAD_THREAD}disk", initializer=initializer)
        self._threads: list[threading.Thread] = []  # of loads; those that have not ended were left, all but the last

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work` in the thread of low priority."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    @property
    def left(self) -> list[str]:
        """The names of the threads that hang in a load that nobody waits for any more."""
        return [thread.name for thread in self._threads if thread.is_alive()]

    async def load(self, folder: Path, *, quietly: bool, apart: bool = False) -> Model:
        """Load the version in `folder`, `quietly` at low priority, `apart` in a child first.

        Raises as `app.runtime.model.load` does, `ChildRefusal`, or `LoadTimeout`.
        """
        tried = await self._in_child(folder) if apart else None
        work = partial(load, folder, self._settings, None if tried is None else tried.content_sha256)
        if quietly if tried is None else tried.threads == 1:
            model = await self._in_time(folder, work, NICENESS)
            if model.decision.threads == 1:
                return model
        # The threads of a session inherit the priority of the thread that makes it, for good.
        return await self._in_time(folder, work)

    async def _in_child(self, folder: Path) -> Tried:
        hold = await self._room_of_child(folder)
        child = ChildLoad(folder, self._settings, self._room_bytes())
        try:
            return await self._in_time(folder, child.verdict)
        except LoadTimeout as error:
            raise ChildRefusal(str(error)) from error
        finally:
            child.end()
            hold.end()

    async def _room_of_child(self, folder: Path) -> Hold:
        try:
            return await self._budget.wait(CHILD_BYTES, 0, self._settings.timeout_ms / 1000)
        except Overloaded as error:
            raise GivenUp(f"{folder}: expected memory to load it. Received: {error}") from error

    def _room_bytes(self) -> int | None:
        """What is free, less what bodies may still take: none must end the service for want of memory."""
        free = free_bytes()
        if free is None:
            return None
        bodies = BODY_FACTOR * max(0, self._budget.limit_bytes - self._budget.used_bytes)
        largest = LARGEST_FACTOR * self._settings.max_body_bytes
        return max(ROOM_BYTES, int(free - bodies - largest))

    async def _in_time(self, folder: Path, work: Callable[[], T], niceness: int = 0) -> T:
        """Do `work` in a thread, and leave it when the time is over or nobody waits any more."""
        limit_s = self._settings.load_timeout_s
        future, thread = in_thread(work, "-".join(folder.parts[-2:]), niceness)
        try:
            async with asyncio.timeout(limit_s):
                return await future
        except TimeoutError as error:
            expected = f"{folder}: expected to load within {limit_s:g} s"
            raise LoadTimeout(f"{expected} (SLIPWAY_LOAD_TIMEOUT_S is longer). Received: no end.") from error
        finally:
            self._threads = [each for each in [*self._threads, thread] if each.is_alive()]

    async def drain(self, model: Model) -> None:
        """Wait until the requests of a model are answered, or past their deadlines."""
        until = monotonic() + self._settings.timeout_ms / 1000 + DRAIN_GRACE_S
        for pause_s in (GRACE_S, 0.0):
            while not model.batcher.idle and model.batcher.failure is None and monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
            await asyncio.sleep(pause_s)

    async def free(self, model: Model) -> None:
        """Drop the session and the threads of a model that nobody asks any more, and give back its memory."""
        model.stop()
        # Model, batcher and metrics know one another; what was made before the collector was frozen it never finds.
        vars(model).clear()
        del model
        await self.run(_give_back)

    def stop(self) -> None:
        """Begin nothing more."""
        self._disk.shutdown(wait=False, cancel_futures=True)


def _give_back() -> None:
    """Hand freed memory back to the system; glibc keeps it otherwise."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
