"""Several processes on one machine and one port, where one core is not enough and replicas are not wanted.

    start ─> watch: restart who dies ─> a signal: stop all, wait, done
                                      └─> SIGHUP: pass it on to all

Each worker is a whole service of its own: its models, its batchers, its loop. They share the listening socket, and the
Prometheus client's files, so that any of them can answer a scrape for all.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

from app.metrics.multiprocess import VARIABLE, bury
from app.repository.reload_signal import held_back

log = logging.getLogger("slipway.workers")

Serve = Callable[[socket.socket], None]


def supervise(count: int, sock: socket.socket, serve: Serve) -> None:
    """Run `serve(sock)` in `count` processes until SIGTERM or SIGINT, then let each finish.

    `sock` is bound; workers listen on it together, so no connection is lost when one dies. `serve` must be picklable,
    and end by itself on SIGTERM.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-metrics-") as folder:
        os.environ[VARIABLE] = folder  # read by the client when a worker imports it
        stop = _Stop()
        workers = [_start(sock, serve) for _ in range(count)]
        while not stop.asked:
            wait([stop.wakeup, *(worker.sentinel for worker in workers)])
            stop.clear()
            if stop.hung_up:
                _pass_on(stop, workers)
            if not stop.asked:
                workers = [worker if worker.is_alive() else _replace(worker, sock, serve) for worker in workers]
        for worker in workers:
            worker.terminate()  # SIGTERM: each finishes what it accepted
        for worker in workers:
            worker.join()


class _Stop:
    """Turns the signals into something that `wait` can wait for."""

    def __init__(self) -> None:
        self.asked = False
        self.hung_up = False  # SIGHUP has come and was not passed on yet
        self.wakeup, wakes = socket.socketpair()
        wakes.setblocking(False)
        self._wakes = wakes
        signal.set_wakeup_fd(wakes.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGHUP, self._hang_up)
        self.wakeup.setblocking(False)

    def clear(self) -> None:
        """Read away what woke the wait."""
        with contextlib.suppress(BlockingIOError):
            self.wakeup.recv(4096)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        self.hung_up = True


def _pass_on(stop: _Stop, workers: list[SpawnProcess]) -> None:
    """Ask each worker to look at the models folder; one that is starting looks anyway."""
    stop.hung_up = False
    for worker in workers:
        if worker.pid is not None and worker.is_alive():
            os.kill(worker.pid, signal.SIGHUP)


def _start(sock: socket.socket, serve: Serve) -> SpawnProcess:
    worker = multiprocessing.get_context("spawn").Process(target=serve, args=(sock,))
    with held_back():  # until it has a handler
        worker.start()
    return worker


def _replace(dead: SpawnProcess, sock: socket.socket, serve: Serve) -> SpawnProcess:
    log.error("Worker %s ended with code %s; starting another.", dead.pid, dead.exitcode)
    if dead.pid is not None:
        bury(Path(os.environ[VARIABLE]), dead.pid)
    return _start(sock, serve)
