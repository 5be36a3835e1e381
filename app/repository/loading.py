"""The load that is under way: since when, and whether somebody still wants it.

    Loading(name, version, work).outcome(outdated)   the model, or what `work` raises, or `GivenUp` with the reason
                                .give_up(why)        from a rollback, or at the end of the process

A load may hang. While it does, the folder is looked at: what is gone, or is another content by now, need not be loaded.
It knows neither folders nor processes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from app.errors import BundleError
from app.runtime.model import Model

LOOK_S = 0.5  # between two looks at what is loaded

log = logging.getLogger("slipway.loading")


class GivenUp(BundleError):
    """Raised when nobody wants a load any more: it says nothing about the version."""


class Loading:
    """One load; `slow_s` is after how many seconds the log says that it lasts, 0 never."""

    def __init__(self, name: str, version: int, work: "asyncio.Task[Model]", slow_s: float) -> None:
        self.name = name
        self.version = version
        self._work = work
        self._slow_s = slow_s
        self._began = monotonic()
        self._why = ""
        self._said = False

    def __str__(self) -> str:
        return f"a load of {self.name}/{self.version} has lasted {self.lasted_s:.0f} s"

    @property
    def lasted_s(self) -> float:
        return monotonic() - self._began

    @property
    def slow(self) -> bool:
        """Whether it lasts longer than most do."""
        return 0 < self._slow_s < self.lasted_s

    def give_up(self, why: str) -> None:
        """End the wait; what runs in a child is killed, what runs in a thread is left."""
        self._why = self._why or why
        self._work.cancel()

    async def outcome(self, outdated: Callable[[], Awaitable[str]]) -> Model:
        """Wait for its end, and look now and then whether `outdated` says why it should be given up."""
        looks = asyncio.create_task(self._look(outdated), name="looks at what is loaded")
        try:
            await asyncio.wait({self._work})
        finally:
            looks.cancel()
            self._work.cancel()
        if self._why and self._work.cancelled():
            raise GivenUp(self._why)
        return self._work.result()

    async def _look(self, outdated: Callable[[], Awaitable[str]]) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self.slow and not self._said:
                self._said = True
                log.warning("%s.", str(self).capitalize())
            if why := await outdated():
                self.give_up(why)
