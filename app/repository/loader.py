"""The thread in which models are read, loaded and freed, one at a time and behind the requests.

    Loader.run(work, …)      anything that touches the disk
    Loader.load(folder, …)   `app.runtime.model.load`, at low priority where others are served meanwhile
    complete(folder, …)      have all files of a version arrived?
    Loader.free(model)       a model that answers nobody any more ─> its session, its threads, its memory

It knows neither versions nor which model answers.
"""

import asyncio
import ctypes
import gc
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from app.bundle import reader as bundles
from app.bundle import signature
from app.errors import BundleError
from app.runtime.model import Model, load
from app.settings import Settings

NICENESS = 5  # of the thread that loads: a third of the time that a thread of requests gets on the same CPU
POLL_S = 0.05  # between two looks whether a model is idle
GRACE_S = 0.25  # for who found a model and has not submitted to it yet
DRAIN_GRACE_S = 1.0  # after the last deadline

log = logging.getLogger("slipway.loading")
T = TypeVar("T")


class Loader:
    """One load at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._brisk = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._quiet = ThreadPoolExecutor(1, thread_name_prefix="load-quietly", initializer=_lower_priority)

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work` in the thread of low priority."""
        return await asyncio.get_running_loop().run_in_executor(self._quiet, work)

    async def load(self, folder: Path, *, quietly: bool) -> Model:
        """Load the version in `folder`, at low priority if `quietly`; raises as `app.runtime.model.load`."""
        if quietly:
            model = await self.run(partial(load, folder, self._settings))
            if model.decision.threads == 1:
                return model
        # The threads of a session inherit the priority of the thread that makes it, for good.
        return await asyncio.get_running_loop().run_in_executor(self._brisk, load, folder, self._settings)

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
        for executor in (self._brisk, self._quiet):
            executor.shutdown(wait=False, cancel_futures=True)


def complete(folder: Path, settings: Settings) -> bool:
    """Whether a version's files are what its manifest says, and signed where that is asked for."""
    try:
        signed = None if settings.verify_key is None else signature.signed(folder, settings.verify_key)
        bundles.read(folder, signed)
    except BundleError:
        return False
    return True


def _lower_priority() -> None:
    try:
        thread = threading.get_native_id()  # on Linux a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
    except (OSError, AttributeError) as error:
        log.debug("Models are loaded at the priority of requests: %s", error)


def _give_back() -> None:
    """Hand freed memory back to the system; glibc keeps it otherwise."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
