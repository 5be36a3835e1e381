"""SIGHUP asks for a look at the models folder, of one process or of all workers.

held_back()                 around the start of a process: a signal that comes too early waits, instead of killing it
reload_on_hangup(reloader)  from now on, on the running event loop
"""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Iterator

from app.repository.reloader import Reloader

log = logging.getLogger("slipway.signals")


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Let SIGHUP wait meanwhile; a process that is started here begins with it waiting."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def reload_on_hangup(reloader: Reloader) -> None:
    """Reload at each SIGHUP; in a thread that is not the main one there are no signals."""
    if threading.current_thread() is not threading.main_thread():
        return

    def reload() -> None:
        log.info("SIGHUP: looking at the models folder.")
        reloader.reload_soon()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
