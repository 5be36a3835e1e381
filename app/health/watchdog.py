"""Is anything stuck? A run that does not end, a thread that is no more, a loop that does not turn.

    EngineWatch    runs that take longer than any that could be of use: liveness fails, until they end
    LoopWatch      a thread: the loop has not turned ─> its stack in the log ─> later the end of the process
    end_process    with a reason, where only a new start helps: a load at the start that hangs

Load is no reason: the bound of a run grows with the deadline and with the runs that were seen, and the loop is judged
by the thread's own turns, of which it gets none while the process is starved, stopped or frozen.
A loop that does not turn answers no probe, so that an orchestrator finds out by itself. Where nobody asks, or another
worker answers in its place, only the end of the process helps.
"""

import asyncio
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

from app.runtime.model import Model

log = logging.getLogger("slipway.watchdog")

LONGEST_TIMES = 10  # a run may take as many times the longest that was seen
DEADLINE_TIMES = 2  # nor is it stuck within so many times what a caller may wait
END_TIMES = 2  # the process ends when its loop has stood still for as many times the bound
TURN_S = 1.0  # between two looks of the thread
EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h


@dataclass(frozen=True)
class Stuck:
    """A run that should have ended."""

    model: str
    version: int
    run_s: float  # so far
    limit_s: float

    def __str__(self) -> str:
        return (
            f"Model `{self.model}` version {self.version}: a run has not ended for {self.run_s:.0f} s "
            f"(expected at most {self.limit_s:.0f} s); if it does not, only a restart helps."
        )


def longest_run_s(model: Model) -> float:
    """Return the seconds of the longest run that was seen, at load or since."""
    return max([model.batcher.longest_run_s, *model.decision.run_s.values(), model.decision.largest_run_s])


class EngineWatch:
    """What is stuck among the models, for health, and for the log when it changes; nothing where `watchdog_s` is 0."""

    def __init__(self, models: Callable[[], Iterable[Model]], watchdog_s: float, timeout_s: float) -> None:
        self._models = models
        self._least_s = max(watchdog_s, DEADLINE_TIMES * timeout_s) if watchdog_s else float("inf")
        self._said: dict[tuple[str, int], float] = {}  # the version -> seconds of its run when it was last seen stuck

    @property
    def stuck(self) -> list[Stuck]:
        """The runs under way, in threads, that are stuck now."""
        now, found = monotonic(), []
        for model in self._models():
            started = model.batcher.run_started
            if started is not None and now - started > self._least_s:
                limit_s = max(self._least_s, LONGEST_TIMES * longest_run_s(model))
                if now - started > limit_s:
                    found.append(Stuck(model.name, model.version, now - started, limit_s))
        return found

    def look(self) -> bool:
        """Break what has lost its thread, say what has changed, and return whether anything is stuck."""
        for model in self._models():
            model.batcher.check_thread()
        found = {(run.model, run.version): run for run in self.stuck}
        for version, run in found.items():
            if version not in self._said:
                log.error("%s", run)
        for name, number in self._said.keys() - found.keys():
            log.warning("Model `%s` version %d: the run has ended, or its model is gone.", name, number)
        self._said = {version: run.run_s for version, run in found.items()}
        return bool(found)


End = Callable[[], object]


class LoopWatch:
    """A thread that looks every `turn_s` whether the running event loop turns; start and stop it on that loop.

    After `watchdog_s` of standstill the loop's stack is logged and `tell` is told, in the thread; later comes `end`.
    """

    def __init__(
        self, watchdog_s: float, tell: Callable[[bool], object], turn_s: float = TURN_S, end: End | None = None
    ) -> None:
        self._turns = max(2, round(watchdog_s / turn_s))
        self._turn_s = turn_s
        self._tell = tell
        self._end = end or _leave
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._timer: asyncio.TimerHandle | None = None
        self._beats = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._beat()
        self._thread.start()

    def _beat(self) -> None:
        self._beats += 1
        self._timer = self._loop.call_later(self._turn_s / 2, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        seen, still = self._beats, 0
        while not self._done.wait(self._turn_s):
            if self._beats != seen:
                if still >= self._turns:
                    log.warning("The event loop turns again, after %.0f s.", still * self._turn_s)
                    self._tell(False)
                seen, still = self._beats, 0
                continue
            still += 1
            if still == self._turns:
                log.error("The event loop has not turned for %.0f s. It is at:\n%s", *self._standstill(still))
                self._tell(True)
            elif still == END_TIMES * self._turns:
                text = "The event loop has not turned for %.0f s, ending. It is at:\n%s"
                log.critical(text, *self._standstill(still))
                self._end()

    def _standstill(self, still: int) -> tuple[float, str]:
        frame = sys._current_frames()[self._loop_thread]  # documented, in spite of its name
        return still * self._turn_s, "".join(traceback.format_stack(frame))


def end_process(why: str) -> NoReturn:
    """Say why, and leave."""
    log.critical("Ending: %s", why)
    _leave()


def _leave() -> NoReturn:
    """Nothing that the loop holds can be finished any more: leave, so that whoever looks after us starts anew."""
    logging.shutdown()
    os._exit(EXIT_CODE)
