"""A loop that stands still is late by as long as it stood; one that is stopped says nothing more."""

import asyncio
import time

from app.health.loop_lag import PERIOD_S, LoopLag
from tests.support import serving

STANDSTILL_S = 3 * PERIOD_S


async def test_a_loop_that_stands_still_is_seen_to_be_late() -> None:
    """By what is left of the standstill when the timer was due; uvloop's timers may be a millisecond early."""
    late: list[float] = []
    lag = LoopLag(late.append)
    lag.start()
    time.sleep(STANDSTILL_S)  # noqa: ASYNC251  (the loop is to stand still)
    await serving.until(lambda: bool(late))
    lag.stop()
    assert late[0] >= STANDSTILL_S - PERIOD_S - 0.002


async def test_it_looks_again_and_again_and_never_sees_less_than_nothing() -> None:
    late: list[float] = []
    lag = LoopLag(late.append)
    lag.start()
    await serving.until(lambda: len(late) >= 3)
    lag.stop()
    assert min(late) >= 0


async def test_a_stopped_one_looks_no_more() -> None:
    """A stop before the first start does nothing."""
    late: list[float] = []
    lag = LoopLag(late.append)
    lag.stop()
    lag.start()
    lag.stop()
    await asyncio.sleep(2 * PERIOD_S)
    assert late == []
