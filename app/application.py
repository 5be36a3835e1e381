"""The application: hot requests go to their handlers, all others through the gate to FastAPI.

    main port        POST, a hot route ─> its handler
                     anything else     ─> Slipway.answer ─> the gate ─> FastAPI's route
    operations port  anything          ─> Slipway.answer

The hot routes come here only by the ASGI path; `app.transport.fast_path` takes them before. It knows no model:
`app.main` gives it what answers, once that has started.
"""

import importlib.metadata
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cgroup import limit_bytes
from app.errors import MethodNotAllowed, Overloaded, RequestError
from app.http.access import Guards, Port, access_of
from app.http.api_keys import Guard
from app.http.byte_budget import ByteBudget, limit_of
from app.http.cors import Cors
from app.http.handler import Handler, Head
from app.http.prefix import DOCUMENTS, behind_prefix
from app.http.purpose import is_preview
from app.page.assets import Assets
from app.protocols.open_inference import routes as openinference
from app.protocols.tfserving import routes as tfserving
from app.routers import admin, bundles, feedback, now, openapi, page, service
from app.routers.context import not_started
from app.routers.exception_handlers import ErrorResponse, register_faults
from app.routers.gate import Found, Gate
from app.routers.methods import allow, head_as_get
from app.settings import Settings
from app.telemetry import tracing
from app.telemetry.request_observer import RequestObserver
from app.transport.asgi import AsgiAdapter, LastHead, ObservedSend
from app.transport.asgi_body import BodyIntake
from app.transport.fast_routes import HotRoutes
from app.transport.unread_answers import UnreadAnswers

ORDINARY_MAX_BYTES = 2**20  # of a body that is no request for predictions
DESCRIPTION = "Predictions from a bundle that proved itself at load, with truthful health and metrics."


class Slipway(FastAPI):
    """FastAPI with the hot routes taken out in front of its routing and middleware."""

    def __init__(self, settings: Settings, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> None:
        super().__init__(
            title="Slipway",
            version=_version(),
            description=DESCRIPTION,
            lifespan=lifespan,
            docs_url=None,  # the page is in app.routers.service
            redoc_url=None,
            swagger_ui_oauth2_redirect_url=None,
            redirect_slashes=False,
        )
        self.settings = settings
        scheme = "http" if settings.tls_certificate is None else "https"
        tracer = tracing.start(self.version, scheme) if settings.tracing else None
        self.observer = RequestObserver(settings.log_requests, tracer)
        self.cors = Cors.of(settings.cors_origins or "")
        budget = _budget(settings)
        unread = UnreadAnswers(budget, settings.send_timeout_s)
        self.hot = HotRoutes(
            settings.receive_timeout_s, settings.max_head_bytes, self.observer, self.cors, budget, unread
        )
        self.guards = Guards(
            Guard(settings.api_keys_file, settings.max_requests_per_s), Guard(settings.admin_keys_file, required=True)
        )
        self.gate = Gate(self.routes, self.guards, divided=settings.operations_port is not None)
        self._last = LastHead()  # for the ASGI path
        self._adapters: dict[str, AsgiAdapter] = {}  # path -> the same handler on the ASGI path
        self._previewers: dict[str, AsgiAdapter] = {}  # likewise of previews
        register_faults(self)
        self._add_routes()

    def _add_routes(self) -> None:
        """Add the ordinary routes with their prefixes; `include_router` would hide them from the gate."""
        routers = [service.router, bundles.router, now.router, openinference.router, tfserving.router]
        if self.settings.page:
            self.state.page = Assets()
            routers.insert(0, page.router)
        if self.settings.admin_keys_file is not None:
            routers.append(admin.router)
        if self.settings.feedback:
            routers.append(feedback.router)
        self.routes.extend([route for router in routers for route in router.routes])
        self.mount("/docs/assets", service.assets)
        self.add_route("/predict", not_started, methods=["POST"], include_in_schema=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer on the main port."""
        if self.cors is not None and scope["type"] == "http":
            send = self.cors.sending(scope, send)
        if scope["type"] == "http" and scope["method"] == "POST":
            adapters = (
                self._previewers if scope["query_string"] and is_preview(scope["query_string"]) else self._adapters
            )
            adapter = adapters.get(scope["path"]) or self._family_adapter(scope)
            if adapter is not None:
                await adapter(scope, receive, send)
                return
        await self.answer(scope, receive, send, Port.MAIN)

    async def answer(self, scope: Scope, receive: Receive, send: Send, port: Port) -> None:
        """Answer an ordinary request that came to `port`."""
        if scope["type"] == "http":
            if scope["method"] == "HEAD":
                scope, send = head_as_get(scope, send)
            if scope["path"] in DOCUMENTS:
                scope, send = behind_prefix(scope, send, self.settings.root_path or "")
            found = self.gate.find(scope)
            send = ObservedSend(scope, send, self.observer, found.route, quiet=found.access.quiet)
            if (refusal := self._refusal(found, scope, send.head, port)) is not None:
                await refusal(scope, receive, send)
                return
            await self._answer_within(send.head, scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    async def _answer_within(self, head: Head, scope: Scope, receive: Receive, send: Send) -> None:
        """Have FastAPI answer, once there is room for the body; what is held is given back after the answer."""
        timeout_s = self.settings.timeout_ms / 1000
        intake = BodyIntake(self.hot.budget, head, ORDINARY_MAX_BYTES, timeout_s)
        try:
            await intake.enter()
            await super().__call__(scope, intake.receiving(receive), send)
        except Overloaded as error:
            await ErrorResponse(error)(scope, receive, send)
        finally:
            intake.end()

    def _refusal(self, found: Found, scope: Scope, head: Head, port: Port) -> ASGIApp | None:
        """Return what answers in the place of a route; nobody needs a key to ask what a path is for."""
        if found.allowed and scope["method"] == "OPTIONS" and self.gate.has(found.access, port):
            return Response(status_code=204, headers={"allow": allow(found.allowed)})
        try:
            self.gate.admit(found, scope, head, port)
        except RequestError as error:
            return ErrorResponse(error)
        if not found.allowed:
            return None
        expected = ", ".join(found.allowed)
        return ErrorResponse(MethodNotAllowed(expected, scope["method"], allow(found.allowed)))

    def add_hot_route(self, path: str, handler: Handler, previewer: Handler) -> None:
        """Answer POST requests to `path` by `handler`, and previews by `previewer`, by either transport."""
        self.hot.add(path, handler, previewer)
        self._adapters[path] = AsgiAdapter(handler, self.observer, self._last, self.hot.budget)
        self._previewers[path] = AsgiAdapter(previewer, self.observer, self._last, self.hot.budget)

    def _family_adapter(self, scope: Scope) -> AsgiAdapter | None:
        handler = self.hot.find(scope.get("raw_path") or scope["path"].encode())
        return None if handler is None else AsgiAdapter(handler, self.observer, self._last, self.hot.budget)

    def openapi(self) -> dict[str, object]:
        api = openapi.document(self, self.state.registry)
        paths: dict[str, object] = api["paths"]
        api["paths"] = {path: about for path, about in paths.items() if self.gate.has(access_of(path), Port.MAIN)}
        return api


class OperationsApp:
    """The application as the operations port has it: no request takes the short way."""

    def __init__(self, app: Slipway) -> None:
        self._app = app  # below: no routes, but the same limits
        settings, hot = app.settings, app.hot
        self.hot = HotRoutes(settings.receive_timeout_s, settings.max_head_bytes, budget=hot.budget, unread=hot.unread)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app.answer(scope, receive, send, Port.OPERATIONS)


def _budget(settings: Settings) -> ByteBudget:
    workers, largest = settings.workers, settings.max_body_bytes
    return ByteBudget(limit_of(settings.max_bytes_under_way, limit_bytes(), workers, largest))


def _version() -> str:
    try:
        return importlib.metadata.version("slipway")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "0.1.0"
