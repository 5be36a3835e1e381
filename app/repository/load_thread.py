"""in_thread(work): run it in a thread of its own, which can be left behind.

A thread of a pool is waited for by the next piece of work, and at the end of the process. One that hangs in native code
cannot be ended: whoever waits stops waiting, and `app.server.uvicorn_server` leaves it at the end.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

LOAD_THREAD = "load-"  # what the names of threads that read or load models begin with
T = TypeVar("T")


def in_thread(work: Callable[[], T], name: str, niceness: int = 0) -> "tuple[asyncio.Future[T], threading.Thread]":
    """Begin `work`; cancel the future to leave the thread, whose outcome then interests nobody."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(outcome: Callable[[Any], None], value: object) -> None:
        if not future.done():
            outcome(value)

    def run() -> None:
        lower_priority(niceness)
        outcome: Callable[[Any], None] = future.set_result
        value: object
        try:
            value = work()
        except BaseException as error:
            outcome, value = future.set_exception, error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, outcome, value)

    thread = threading.Thread(target=run, name=f"{LOAD_THREAD}{name}", daemon=True)
    thread.start()
    return future, thread


def lower_priority(niceness: int) -> None:
    """Give this thread less of a CPU that others want too."""
    with contextlib.suppress(OSError, AttributeError):  # outside Linux a thread has no priority of its own
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
