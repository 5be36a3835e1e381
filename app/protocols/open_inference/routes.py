"""The Open Inference Protocol's ordinary routes, and Triton's extensions to it.

    GET  /v2, /v2/health/live, /v2/health/ready     the server
    GET  /v2/models, /v2/models/stats               all models
    GET  /v2/models/{name}                          metadata; also …/ready, …/config and …/stats
    POST /v2/repository/index                       what was found, and what became of it

After a model's name may stand `/versions/{version}`. Infer is a hot route (`app.protocols.open_inference.handler`);
here it is described, and refused where there is no door for it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.errors import BodyTooLarge, NotFound, NotReady
from app.features.json_errors import explain
from app.http.compression import unpack
from app.metrics.service_metrics import Metrics
from app.protocols.open_inference.handler import version_of
from app.protocols.open_inference.openapi import INDEX_BODY, answer_of, infer_of
from app.protocols.open_inference.triton_config import config_of
from app.repository.registry import Entry, Registry
from app.routers import service as routes
from app.runtime.model import Model
from app.tensors import TensorSpec
from app.transport.asgi import ERROR_TEXT

EXTENSIONS = (
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "schedule_policy",
    "statistics",
)
PLATFORM = "onnxruntime_onnx"
STATES = {
    "loading": "LOADING",
    "ready": "READY",
    "waiting": "LOADING",
    "failed": "UNAVAILABLE",
    "unloaded": "UNAVAILABLE",
}
INDEX_MAX_BYTES = 4096  # of a body that holds one flag
CHOICES = ("", "/versions/{version}")

router = APIRouter(prefix="/v2", tags=["open inference protocol"])


class IndexBody(msgspec.Struct):
    """What the repository's index may be asked for."""

    ready: bool = False


# ── the server ──


@router.get("/", include_in_schema=False)
@router.get("", summary="The server's name, version and extensions")
async def server(request: Request) -> JSONResponse:
    """Say who answers, and what it knows beyond the protocol."""
    return JSONResponse({"name": "slipway", "version": request.app.version, "extensions": EXTENSIONS})


PROBES: dict[int | str, dict[str, Any]] = {503: {"description": "Not so"}}
router.add_api_route("/health/live", routes.live, summary="Restart if this fails", responses=PROBES)
router.add_api_route("/health/ready", routes.ready, summary="Send traffic here", responses=PROBES)


# ── models ──


@router.get("/models", summary="The models' names")
async def names(request: Request) -> JSONResponse:
    """List every model found, ready or not."""
    registry: Registry = request.app.state.registry
    return JSONResponse({"models": sorted({entry.name for entry in registry.entries})})


@router.get("/models/stats", summary="What every model has done")
async def all_statistics(request: Request) -> JSONResponse:
    """Report every version that serves."""
    registry: Registry = request.app.state.registry
    return _statistics(request, registry.models)


async def metadata(request: Request) -> JSONResponse:
    """Show the tensors of the version that answers, and which versions may be asked."""
    registry: Registry = request.app.state.registry
    model = _model(request)
    versions = sorted([other.version for other in registry.models if other.name == model.name])
    about = {
        "name": model.name,
        "versions": [str(version) for version in versions],
        "platform": PLATFORM,
        "inputs": _tensors(model.signature.inputs),
        "outputs": _tensors(model.signature.outputs),
    }
    return JSONResponse(about)


async def ready(request: Request) -> JSONResponse:
    """Say whether the version answers, with status 200 if it does and 503 if not."""
    name = request.path_params["name"]
    try:
        model = _model(request)
    except NotReady as error:
        return _not_ready(request, name, error.message)
    if model.batcher.failure is not None:
        return _not_ready(request, name, "The model cannot answer.")
    return JSONResponse({"name": name, "ready": True})


def _not_ready(request: Request, name: str, why: str) -> JSONResponse:
    request.scope[ERROR_TEXT] = why
    return JSONResponse({"name": name, "ready": False, "error": why}, NotReady.status)


async def config(request: Request) -> JSONResponse:
    """Show the version as Triton would have it configured."""
    return JSONResponse(config_of(_model(request), request.app.settings))


async def statistics(request: Request) -> JSONResponse:
    """Report the version, or every version of the model that serves."""
    registry: Registry = request.app.state.registry
    model = _model(request)
    if "version" in request.path_params:
        return _statistics(request, [model])
    return _statistics(request, [other for other in registry.models if other.name == model.name])


async def infer(request: Request) -> Response:
    """Answer infer where there is no door for it; it also gives other methods their 405.

    Without a registry the lifespan has not begun; else the path is spelt so that no door knows it.
    """
    path = request.url.path[:200]
    if hasattr(request.app.state, "registry"):
        raise NotFound("Unknown path: expected /v2/models/<name>/infer as it stands.", f"`{path}`")
    raise NotReady("The service is starting; this path is not answered yet.")


# ── the repository ──


@router.post("/repository/index", summary="What was found in the models folder", openapi_extra=INDEX_BODY)
async def index(request: Request) -> JSONResponse:
    """List every version found, its state, and the reason if it does not serve."""
    registry: Registry = request.app.state.registry
    body = await _body(request)
    try:
        only_ready = msgspec.json.decode(body, type=IndexBody).ready if body.strip() else False
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise explain(error, body, ()) from error
    return JSONResponse([_state(entry) for entry in registry.entries if not only_ready or entry.state == "ready"])


@router.post("/repository/models/{name}/{verb}", include_in_schema=False)
async def control(name: str, verb: str) -> JSONResponse:
    """Refuse to load and unload: what is served is decided by the models folder."""
    if verb not in ("load", "unload"):
        raise NotFound("Unknown path: expected load or unload.", f"`{verb[:80]}`")
    raise NotFound(f"The server does not {verb} on request: expected the models folder to be changed, and a restart.")


# ── helpers ──


def _model(request: Request) -> Model:
    registry: Registry = request.app.state.registry
    return registry.find(request.path_params["name"], version_of(request.path_params.get("version")))


def _tensors(specs: Iterable[TensorSpec]) -> list[dict[str, Any]]:
    return [{"name": spec.name, "datatype": spec.datatype.name, "shape": spec.wire_shape} for spec in specs]


def _statistics(request: Request, models: Iterable[Model]) -> JSONResponse:
    metrics: Metrics = request.app.state.metrics
    return JSONResponse({"model_stats": metrics.statistics(models)})


def _state(entry: Entry) -> dict[str, str]:
    return {
        "name": entry.name,
        "version": str(entry.version),
        "state": STATES[entry.state],
        "reason": entry.reason,
    }


async def _body(request: Request) -> bytes:
    """Collect a body, and stop when there is more than any index request has."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > INDEX_MAX_BYTES:
            raise BodyTooLarge((), f"at most {INDEX_MAX_BYTES} bytes", "more")
    return unpack(body, request.headers.get("content-encoding", "").encode("latin-1"), INDEX_MAX_BYTES)


def _add_all() -> None:
    for choice in CHOICES:
        path = f"/models/{{name}}{choice}"
        for end, endpoint, summary in (
            ("", metadata, "A model's tensors"),
            ("/ready", ready, "Whether a model answers"),
            ("/config", config, "A model's configuration"),
            ("/stats", statistics, "What a model has done"),
        ):
            extra = answer_of(endpoint.__name__, path)
            router.add_api_route(path + end, endpoint, summary=summary, openapi_extra=extra)
        router.add_api_route(
            f"{path}/infer", infer, methods=["POST"], summary="Infer from tensors", openapi_extra=infer_of(path)
        )


_add_all()
