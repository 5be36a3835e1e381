"""The service's own routes beside the hot ones: documentation, health, metrics, and what is served."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from msgspec import to_builtins
from prometheus_client.exposition import choose_encoder
from starlette.staticfiles import StaticFiles

from app.errors import NotFound
from app.health.health import Health
from app.metrics.service_metrics import Metrics
from app.repository.registry import Registry
from app.repository.traffic_split import Kind
from app.repository.versions import Entry
from app.routers.bundles import papers
from app.routers.context import registry_of
from app.transport.asgi import ERROR_TEXT

KINDS: tuple[Kind, ...] = ("canary", "shadow")

router = APIRouter()

# The page's scripts come from a package of the serving set: it works where there is no other network.
# Relative addresses hold behind any proxy, prefix or TLS.
assets = StaticFiles(packages=[("fastapi_swagger", "resources")])


def failing(description: str) -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a probe that fails, for FastAPI's `responses`."""
    return {503: {"description": description}}


@router.get("/", include_in_schema=False)
async def index() -> RedirectResponse:
    """Lead a person to the documentation."""
    return RedirectResponse("docs")


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """Show the API as a page on which a request can be tried."""
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Slipway",
        swagger_js_url="docs/assets/swagger-ui-bundle.js",
        swagger_css_url="docs/assets/swagger-ui.css",
        swagger_favicon_url="docs/assets/favicon-32x32.png",
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
    )


@router.get("/health", summary="A summary for a person", tags=["health"], responses=failing("Not ready"))
async def health(request: Request) -> JSONResponse:
    """Say what is served and what is not, with status 200 when ready and 503 when not."""
    state: Health = request.app.state.health
    return JSONResponse(state.summary(), 200 if state.ready else 503)


@router.get("/health/live", summary="Restart if this fails", tags=["health"], responses=failing("Broken"))
async def live(request: Request) -> JSONResponse:
    """200 while the event loop turns and no batcher has broken."""
    return _probe(request, "live")


@router.get("/health/ready", summary="Send traffic here", tags=["health"], responses=failing("Not ready"))
async def ready(request: Request) -> JSONResponse:
    """200 when every model is verified and warm and the process is not draining."""
    return _probe(request, "ready")


@router.get("/health/startup", summary="Done starting", tags=["health"], responses=failing("Starting"))
async def startup(request: Request) -> JSONResponse:
    """200 once the first load has ended with every model serving."""
    return _probe(request, "started")


@router.get("/metrics", summary="For Prometheus", tags=["operations"], response_class=Response)
async def metrics(request: Request) -> Response:
    """Every metric in the format that the scraper asks for."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    instruments: Metrics = request.app.state.metrics
    return Response(encode(instruments.scraped()), media_type=content_type)


@router.get("/models", summary="What is served", tags=["models"])
async def models(request: Request) -> JSONResponse:
    """List every version found, its state, and the reason if it does not serve."""
    return JSONResponse({"models": [_overview(entry) for entry in registry_of(request).entries]})


@router.get("/models/{name}", summary="One model in full", tags=["models"], responses={404: {"description": "Unknown"}})
async def model(name: str, request: Request) -> JSONResponse:
    """Show each version's features, labels, metrics and an example request."""
    registry = registry_of(request)
    entries = registry.entries
    found = [_detail(entry) | _traffic(registry, entry) for entry in entries if entry.name == name]
    if not found:
        known = ", ".join(sorted({entry.name for entry in entries})) or "none"
        raise NotFound(f"Unknown model: expected one of {known}.", f"`{name[:200]}`")
    return JSONResponse({"name": name, "versions": found})


async def names(request: Request) -> JSONResponse:
    """List every model found, ready or not."""
    return JSONResponse({"models": sorted({entry.name for entry in registry_of(request).entries})})


def _probe(request: Request, name: str) -> JSONResponse:
    state: Health = request.app.state.health
    passed: bool = getattr(state, name)
    body: dict[str, Any] = {name: passed}
    if not passed:
        body["error"] = request.scope[ERROR_TEXT] = " ".join(state.reasons()) or f"Not {name}."
    elif name == "ready" and (reasons := state.passed_over()):
        body["passed_over"] = reasons  # ready, but not with the versions that were asked for
    return JSONResponse(body, 200 if passed else 503)


def _overview(entry: Entry) -> dict[str, Any]:
    about: dict[str, Any] = {"name": entry.name, "version": entry.version, "state": entry.state}
    if entry.reason:
        about["reason"] = entry.reason
    if entry.model is not None:
        about["engine"] = str(entry.model.decision)
        if entry.model.facts.remark:
            about["remark"] = entry.model.facts.remark
        if entry.model.bundle is not None:
            manifest = entry.model.bundle.manifest
            about |= {"task": manifest.task, "target": manifest.target, "precision": manifest.precision}
            about |= {"created": manifest.created, "metrics": manifest.metrics.get("shipped", {})}
    return about


def _traffic(registry: Registry, entry: Entry) -> dict[str, Any]:
    """Say which part of the requests that name no version is this one's."""
    if entry.model is None:
        return {}
    division, name = registry.division, entry.name
    shares = {kind: division.rules(kind)[name] for kind in KINDS if division.divides(kind, name)}
    current = registry.by_name[name].current
    answers = current is not None and current.version == entry.version
    about: dict[str, Any] = {"answers": answers}
    if (canary := shares.get("canary")) is not None and (answers or canary.version == entry.version):
        about["share"] = round(1 - canary.share, 6) if answers else canary.share
    if (shadow := shares.get("shadow")) is not None and shadow.version == entry.version:
        about["shadow"] = shadow.share
    return about


def _detail(entry: Entry) -> dict[str, Any]:
    about = _overview(entry)
    if entry.model is None:
        return about
    about |= {**entry.model.signature.described(), "batched": entry.model.signature.batched}
    if entry.model.bundle is not None:
        manifest = entry.model.bundle.manifest
        about |= {"features": to_builtins(manifest.features)}
        about |= {"answer": to_builtins(manifest.answer), "labels": to_builtins(manifest.labels)}
        about |= {"metrics": manifest.metrics, "reading": to_builtins(manifest.reading)}
        about |= {"training": manifest.training, "example": entry.model.example}
        about |= {"profile": entry.model.bundle.profile is not None, "examples": bool(entry.model.examples)}
        about |= {"files": papers(entry.model)}
    return about
