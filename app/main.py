"""The service: `create_app(settings)` wires every part, here and nowhere else.

start    models load in a worker thread while health already answers
request  POST /predict ─> the door ─> the handler; everything else ─> FastAPI
stop     readiness fails, accepted requests finish, threads end
"""

import asyncio
import gc
import importlib.metadata
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from app.errors import NotReady, RequestError
from app.feedback.store import Feedback
from app.health.health import Health
from app.health.loop_lag import Lag
from app.health.watchdog import EngineWatch, LoopWatch
from app.http.access import Guards, Port, access_of
from app.http.api_keys import Guard
from app.http.handler import Handler
from app.metrics.instruments import PROTOCOLS
from app.metrics.service_metrics import Metrics
from app.protocols.endpoint import Serving
from app.protocols.incremental import Readings
from app.protocols.open_inference import handler as openinference
from app.protocols.open_inference import routes as openinference_routes
from app.protocols.predict import Predict
from app.protocols.tfserving import handler as tfserving
from app.protocols.tfserving import routes as tfserving_routes
from app.repository.registry import Entry, Registry
from app.repository.reload_signal import reload_on_hangup
from app.repository.reloader import Reloader
from app.repository.traffic_split import Traffic
from app.routers import admin, openapi
from app.routers import feedback as feedback_routes
from app.routers.exception_handlers import ErrorResponse, register_faults
from app.routers.gate import Gate
from app.routers.service import assets, router
from app.runtime.model import Model
from app.settings import Settings
from app.telemetry import tracing
from app.telemetry.request_observer import Journal
from app.transport.asgi import AsgiDoor, LastHead, Ordinary
from app.transport.fast_routes import HotRoutes

if TYPE_CHECKING:
    from app.protocols.open_inference_grpc.server import RpcServer

log = logging.getLogger("slipway")

DESCRIPTION = "Predictions from a bundle that proved itself at load, with truthful health and metrics."


class Slipway(FastAPI):
    """FastAPI with the hot routes taken out in front of its routing and middleware."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            title="Slipway",
            version=_version(),
            description=DESCRIPTION,
            lifespan=_lifespan,
            docs_url=None,  # the page is in app.routers.service
            redoc_url=None,
            swagger_ui_oauth2_redirect_url=None,
            redirect_slashes=False,
        )
        self.settings = settings
        scheme = "http" if settings.tls_certificate is None else "https"
        self.journal = Journal(settings.log_requests, tracing.start(self.version, scheme) if settings.tracing else None)
        # for the protocol door
        self.hot = HotRoutes(settings.receive_timeout_s, settings.max_head_bytes, self.journal)
        self.guards = Guards(
            Guard(settings.api_keys_file, settings.max_requests_per_s),
            Guard(settings.admin_keys_file, required=True),
        )
        self.gate = Gate(self.routes, self.guards, divided=settings.operations_port is not None)
        self._last = LastHead()  # for the ASGI doors
        self._doors: dict[str, AsgiDoor] = {}  # path -> the same handler behind the ASGI door
        register_faults(self)
        optional = ((admin.router, settings.admin_keys_file is not None), (feedback_routes.router, settings.feedback))
        for routes in (router, openinference_routes.router, tfserving_routes.router, *[r for r, on in optional if on]):
            self.routes.extend(routes.routes)  # with their prefixes; `include_router` would hide them from the gate
        self.mount("/docs/assets", assets)
        self.add_route("/predict", _not_started, methods=["POST"], include_in_schema=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer on the main port."""
        if scope["type"] == "http" and scope["method"] == "POST":
            door = self._doors.get(scope["path"]) or self._family_door(scope)
            if door is not None:
                await door(scope, receive, send)
                return
        await self.answer(scope, receive, send, Port.MAIN)

    async def answer(self, scope: Scope, receive: Receive, send: Send, port: Port) -> None:
        """Answer an ordinary request that came to `port`."""
        if scope["type"] == "http":
            found = self.gate.find(scope)
            send = Ordinary(scope, send, self.journal, found.route, quiet=found.access.quiet)
            try:
                self.gate.admit(found, scope, port)
            except RequestError as error:
                await ErrorResponse(error)(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    def take(self, path: str, handler: Handler) -> None:
        """Answer POST requests to `path` by `handler`, through either door."""
        self.hot.take(path, handler)
        self._doors[path] = AsgiDoor(handler, self.journal, self._last)

    def _family_door(self, scope: Scope) -> AsgiDoor | None:
        handler = self.hot.find(scope.get("raw_path") or scope["path"].encode())
        return None if handler is None else AsgiDoor(handler, self.journal, self._last)

    def openapi(self) -> dict[str, object]:
        api = openapi.document(self, self.state.registry)
        paths: dict[str, object] = api["paths"]
        api["paths"] = {path: about for path, about in paths.items() if self.gate.has(access_of(path), Port.MAIN)}
        return api


class OperationsApp:
    """The application as the operations port has it: no request takes the short way."""

    def __init__(self, app: Slipway) -> None:
        self._app = app
        settings = app.settings
        self.hot = HotRoutes(settings.receive_timeout_s, settings.max_head_bytes)  # no routes, but the same limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app.answer(scope, receive, send, Port.OPERATIONS)


def create_app(settings: Settings | None = None) -> Slipway:
    """Make the application; nothing is loaded before its lifespan starts."""
    return Slipway(settings or Settings())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start every part, and stop them in the opposite order."""
    assert isinstance(app, Slipway)
    settings, state = app.settings, app.state
    state.metrics = metrics = _metrics(app)
    state.feedback = feedback = Feedback(metrics.feedback, settings.feedback_rows) if settings.feedback else None
    app.journal.remember = None if feedback is None else feedback.remember
    state.registry = registry = Registry(settings, Traffic(settings.canary, settings.shadow, metrics))
    state.reloader = reloader = _reloader(registry, settings, metrics, feedback)
    engines = EngineWatch(lambda: registry.models, settings.watchdog_s, settings.timeout_ms / 1000)
    state.health = health = Health(registry, engines)
    state.rpc = None
    serving = _open(app)
    reload_on_hangup(reloader)
    async with AsyncExitStack() as stops:
        stops.push_async_callback(app.journal.stop)
        stops.callback(reloader.stop)
        _watch_loop(settings, metrics, stops)
        for work, name in (
            (_load(reloader), "load models and watch their folder"),
            (_each_second(app, metrics, health, engines), "each second"),
        ):
            stops.callback(asyncio.create_task(work, name=name).cancel)
        if settings.workers > 1:
            # The socket is shared: who cannot answer yet must not take connections from others.
            await registry.finished.wait()
        try:
            state.rpc = await _start_rpc(app, serving)
            yield
        finally:
            health.draining = True
            if state.rpc is not None:
                await state.rpc.stop()


def _metrics(app: Slipway) -> Metrics:
    settings = app.settings
    protocols = [protocol for protocol in PROTOCOLS if protocol != "grpc" or settings.grpc_port is not None]
    metrics = Metrics(app.version, settings.objective_ms / 1000, protocols=protocols)
    metrics.watch_process()
    return metrics


def _reloader(registry: Registry, settings: Settings, metrics: Metrics, feedback: Feedback | None) -> Reloader:
    return Reloader(
        registry,
        settings,
        observe=lambda model: metrics.observe(model, settings.max_queue_rows),
        loaded=lambda entry, ready: metrics.loaded(
            entry.name, entry.version, ready=ready, serves=entry.model is not None
        ),
        retired=lambda entry, model: _retired(metrics, feedback, entry, model),
    )


def _open(app: Slipway) -> Serving:
    """Give each hot route its handler; return what the handlers share."""
    settings = app.settings
    serving = Serving(
        app.state.registry,
        app.state.metrics,
        settings.timeout_ms / 1000,
        settings.max_body_bytes,
        app.guards,
        journal=app.journal,
        readings=Readings(settings.max_queue_bytes),
    )
    app.take("/predict", Predict(serving))
    app.hot.take_family(openinference.PREFIX, openinference.OpenInference(serving).find)
    app.hot.take_family(tfserving.PREFIX, tfserving.TensorFlowServing(serving, settings.labels).find)
    return serving


def _watch_loop(settings: Settings, metrics: Metrics, stops: AsyncExitStack) -> None:
    """Measure how late the loop is, and tell when it is stuck."""
    lag = Lag(metrics.lagged.add)
    lag.start()
    stops.callback(lag.stop)
    if settings.watchdog_s:
        watch = LoopWatch(settings.watchdog_s, metrics.instruments.stuck.labels("loop").set)
        watch.start()
        stops.callback(watch.stop)


def _retired(metrics: Metrics, feedback: Feedback | None, entry: Entry, model: Model | None) -> None:
    """A version is no more: its series go, and what it predicted is not judged any more."""
    if feedback is not None and model is not None:
        feedback.retire(model)
    metrics.retired(entry.name, entry.version, model)


async def _start_rpc(app: Slipway, serving: Serving) -> "RpcServer | None":
    """Start gRPC where there is a port for it; nobody else pays for its import, or needs it installed."""
    if app.settings.grpc_port is None:
        return None
    from app.protocols.open_inference_grpc.server import RpcServer  # noqa: PLC0415

    server = RpcServer(app.settings, app.version, serving, app.state.health)
    await server.start()
    return server


async def _load(reloader: Reloader) -> None:
    """Load, then take all that was made so far out of the garbage collector's sight: most of it stays for good.

    Models that are replaced later are freed without it; see `app.repository.loader`.
    """
    await reloader.load_all()
    gc.collect()
    gc.freeze()
    await reloader.watch()


async def _each_second(app: Slipway, metrics: Metrics, health: Health, engines: EngineWatch) -> None:
    """Fold, so that another worker's scrape lags no more than that; look for stuck runs, and for changed keys."""
    while True:
        metrics.instruments.stuck.labels("engine").set(engines.look())
        metrics.instruments.draining.set(health.draining)
        metrics.fold()
        app.guards.refresh()
        await asyncio.sleep(1)


async def _not_started(request: Request) -> Response:
    """Answer a hot route for which there is no door: the lifespan has not begun. It also gives other methods a 405."""
    raise NotReady("The service is starting; this path is not answered yet.")


def _version() -> str:
    try:
        return importlib.metadata.version("slipway")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "0.1.0"
