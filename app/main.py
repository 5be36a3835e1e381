"""The service: `create_app(settings)` wires every part, here and nowhere else.

create_app(settings)    the application, with nothing behind it
_lifespan(app)          start    metrics, feedback, models, health, hot routes, watchers, gRPC; models load in a thread
                                 while health already answers
                        serve    `app.application` has the way of a request
                        stop     readiness fails, accepted requests finish, threads end; in the opposite order
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.application import OperationsApp, Slipway
from app.feedback.store import Feedback
from app.health.health import Health
from app.health.loop_lag import LoopLag
from app.health.memory_return import MemoryReturn
from app.health.watchdog import EngineWatch, LoopWatch, end_process
from app.metrics.instruments import PROTOCOLS
from app.metrics.recent import Looks
from app.metrics.service_metrics import Metrics
from app.protocols.endpoint import Serving
from app.protocols.incremental import Readings
from app.protocols.open_inference import handler as openinference
from app.protocols.predict import Predict
from app.protocols.preview import Preview
from app.protocols.tfserving import handler as tfserving
from app.repository.loader import Loader
from app.repository.registry import Registry
from app.repository.reload_signal import reload_on_hangup
from app.repository.reloader import Reloader
from app.repository.traffic_split import Traffic
from app.repository.versions import Entry
from app.runtime.model import Model
from app.settings import Settings

if TYPE_CHECKING:
    from app.protocols.open_inference_grpc.server import RpcServer  # an extra, imported where it is asked for

__all__ = ["OperationsApp", "Slipway", "create_app"]


def create_app(settings: Settings | None = None) -> Slipway:
    """Make the application; nothing is loaded before its lifespan starts."""
    return Slipway(settings or Settings(), _lifespan)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start every part, and stop them in the opposite order."""
    assert isinstance(app, Slipway)
    app.state.rpc = None
    async with AsyncExitStack() as stops:
        stops.push_async_callback(app.observer.stop)
        _start_counting(app)
        _start_models(app, stops)
        serving = _open_routes(app)
        _start_watching(app, stops)
        if app.settings.workers > 1:
            # The socket is shared: a process that cannot answer yet must not take connections from others.
            await app.state.registry.finished.wait()
        try:
            app.state.rpc = await _start_grpc(app, serving)
            yield
        finally:
            app.state.health.draining = True
            if app.state.rpc is not None:
                await app.state.rpc.stop()


def _start_counting(app: Slipway) -> None:
    """Make the metrics, and what keeps predictions until their truth comes."""
    settings, state = app.settings, app.state
    protocols = [protocol for protocol in PROTOCOLS if protocol != "grpc" or settings.grpc_port is not None]
    state.metrics = Metrics(app.version, settings.objective_ms / 1000, protocols, app.hot.budget)
    state.metrics.watch_process()
    state.looks = Looks(state.metrics)
    app.hot.unread.ended = state.metrics.instruments.unread.inc
    state.feedback = Feedback(state.metrics.feedback, settings.feedback_rows) if settings.feedback else None
    app.observer.remember = None if state.feedback is None else state.feedback.remember


def _start_models(app: Slipway, stops: AsyncExitStack) -> None:
    """Begin to load the models; a change of their folder, or SIGHUP, loads again."""
    settings, state = app.settings, app.state
    state.registry = Registry(settings, Traffic(settings.canary, settings.shadow, state.metrics))
    state.reloader = reloader = _reloader(app, state.metrics, state.feedback)
    stops.callback(reloader.stop)
    reload_on_hangup(reloader)
    _run(_load(reloader), "load models and watch their folder", stops)


def _open_routes(app: Slipway) -> Serving:
    """Give each hot route its handler; return what the handlers share."""
    settings = app.settings
    serving = Serving(
        app.state.registry,
        app.state.metrics,
        settings.timeout_ms / 1000,
        settings.max_body_bytes,
        app.guards,
        observer=app.observer,
        readings=Readings(settings.max_queue_bytes),
        budget=app.hot.budget,
    )
    previews = Preview(serving)
    app.add_hot_route("/predict", Predict(serving, previews), previews)
    app.hot.add_family(openinference.PREFIX, openinference.OpenInference(serving).find)
    app.hot.add_family(tfserving.PREFIX, tfserving.TensorFlowServing(serving, settings.labels).find)
    return serving


def _start_watching(app: Slipway, stops: AsyncExitStack) -> None:
    """Measure how late the loop is, and tell when it, or a run, is stuck."""
    settings, metrics, registry = app.settings, app.state.metrics, app.state.registry
    engines = EngineWatch(lambda: registry.models, settings.watchdog_s, settings.timeout_ms / 1000)
    app.state.health = Health(registry, engines)
    lag = LoopLag(metrics.lagged.add)
    lag.start()
    stops.callback(lag.stop)
    if settings.watchdog_s:
        watch = LoopWatch(settings.watchdog_s, metrics.instruments.stuck.labels("loop").set)
        watch.start()
        stops.callback(watch.stop)
    _run(_each_second(app, engines), "each second", stops)


async def _start_grpc(app: Slipway, serving: Serving) -> "RpcServer | None":
    """Start gRPC where there is a port for it; nobody else pays for its import, or needs it installed."""
    if app.settings.grpc_port is None:
        return None
    from app.protocols.open_inference_grpc.server import RpcServer  # noqa: PLC0415

    server = RpcServer(app.settings, app.version, serving, app.state.health)
    await server.start()
    return server


def _run(work: Coroutine[None, None, None], name: str, stops: AsyncExitStack) -> None:
    """Run `work` beside the requests until the application stops."""
    stops.callback(asyncio.create_task(work, name=name).cancel)


def _reloader(app: Slipway, metrics: Metrics, feedback: Feedback | None) -> Reloader:
    settings = app.settings
    return Reloader(
        app.state.registry,
        settings,
        observe=lambda model: metrics.observe(model, settings.max_queue_rows),
        loaded=lambda entry, ready: metrics.loaded(
            entry.name, entry.version, ready=ready, serves=entry.model is not None, passed_over=entry.passed_over
        ),
        passed_over=lambda entry: metrics.passed_over(entry.name, entry.version),
        loader=Loader(settings, app.hot.budget, end_process),
        retired=lambda entry, model: _retired(metrics, feedback, entry, model),
    )


def _retired(metrics: Metrics, feedback: Feedback | None, entry: Entry, model: Model | None) -> None:
    """A version is no more: its series go, and what it predicted is not judged any more."""
    if feedback is not None and model is not None:
        feedback.retire(model)
    metrics.retired(entry.name, entry.version, model)


async def _load(reloader: Reloader) -> None:
    """Load, then take all that was made so far out of the garbage collector's sight: most of it stays for good.

    Models that are replaced later are freed without it; see `app.repository.loader`.
    """
    await reloader.load_all()
    gc.collect()
    gc.freeze()
    await reloader.watch()


async def _each_second(app: Slipway, engines: EngineWatch) -> None:
    """Fold, so that another worker's scrape lags no more than that; look for stuck runs, changed keys, free memory."""
    metrics: Metrics = app.state.metrics
    memory = MemoryReturn(lambda: app.hot.budget.used_bytes)
    while True:
        metrics.instruments.stuck.labels("engine").set(engines.look())
        metrics.instruments.stuck.labels("load").set(app.state.reloader.stuck)
        metrics.instruments.draining.set(app.state.health.draining)
        metrics.fold()
        app.guards.refresh()
        if app.state.registry.finished.is_set():  # what a load takes and leaves is not what is usual
            memory.look()
        await asyncio.sleep(1)
