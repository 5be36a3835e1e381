"""The Open Inference Protocol's ordinary routes, and Triton's extensions to it.

    GET  /v2, /v2/health/live, /v2/health/ready     the server
    GET  /v2/models, /v2/models/stats               all models
    GET  /v2/models/{name}                          metadata; also …/ready, …/config and …/stats
    POST /v2/repository/index                       what was found, and what became of it

After a model's name may stand `/versions/{version}`. Infer is a hot route (`app.protocols.open_inference.handler`);
here it is described, and refused where no handler takes it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.errors import NotFound, NotReady
from app.features.json_errors import decode
from app.metrics.service_metrics import Metrics
from app.protocols.open_inference.handler import version_of
from app.protocols.open_inference.openapi import INDEX_BODY, answer_of, infer_of
from app.protocols.open_inference.triton_config import config_of
from app.repository.registry import Registry
from app.routers import service as routes
from app.routers.context import body_of, not_started, registry_of
from app.routers.service import failing
from app.runtime.model import Model
from app.transport.asgi import ERROR_TEXT

EXTENSIONS: tuple[str, ...] = ("binary_tensor_data", "classification", "model_configuration", "model_repository")
EXTENSIONS += ("schedule_policy", "statistics")
PLATFORM = "onnxruntime_onnx"
GONE = "UNAVAILABLE"
STATES = {"loading": "LOADING", "ready": "READY", "waiting": "LOADING", "failed": GONE, "unloaded": GONE}
INDEX_MAX_BYTES = 4096  # of a body that holds one flag

router = APIRouter(prefix="/v2", tags=["open inference protocol"])


class IndexBody(msgspec.Struct):
    """What the repository's index may be asked for."""

    ready: bool = False


INDEX = msgspec.json.Decoder(IndexBody)


@router.get("/", include_in_schema=False)
@router.get("", summary="The server's name, version and extensions")
async def server(request: Request) -> JSONResponse:
    """Say who answers, and what it knows beyond the protocol."""
    return JSONResponse({"name": "slipway", "version": request.app.version, "extensions": EXTENSIONS})


router.add_api_route("/health/live", routes.live, summary="Restart if this fails", responses=failing("Not so"))
router.add_api_route("/health/ready", routes.ready, summary="Send traffic here", responses=failing("Not so"))
router.add_api_route("/models", routes.names, summary="The models' names")


@router.get("/models/stats", summary="What every model has done")
async def all_statistics(request: Request) -> JSONResponse:
    """Report every version that serves."""
    return _statistics(request, registry_of(request).models)


async def metadata(request: Request) -> JSONResponse:
    """Show the tensors of the version that answers, and which versions may be asked."""
    return JSONResponse(metadata_of(registry_of(request), _model(request)))


async def ready(request: Request) -> JSONResponse:
    """Say whether the version answers, with status 200 if it does and 503 if not."""
    name = request.path_params["name"]
    try:
        model = _model(request)
    except NotReady as error:
        return _not_ready(request, name, str(error))
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
    model = _model(request)
    one = "version" in request.path_params
    return _statistics(request, [model] if one else served(registry_of(request), model.name))


async def infer(request: Request) -> Response:
    """Answer infer where no handler takes it; it also gives other methods their 405.

    Without a registry the lifespan has not begun; else the path is spelt so that no handler knows it.
    """
    path = request.url.path[:200]
    if hasattr(request.app.state, "registry"):
        raise NotFound("Unknown path: expected /v2/models/<name>/infer as it stands.", f"`{path}`")
    return await not_started(request)


@router.post("/repository/index", summary="What was found in the models folder", openapi_extra=INDEX_BODY)
async def index(request: Request) -> JSONResponse:
    """List every version found, its state, and the reason if it does not serve."""
    body = await body_of(request, INDEX_MAX_BYTES)
    only_ready = body.strip() and decode(INDEX, body).ready
    return JSONResponse(index_of(registry_of(request), only_ready=bool(only_ready)))


@router.post("/repository/models/{name}/{verb}", include_in_schema=False)
async def control(name: str, verb: str) -> JSONResponse:
    """Refuse to load and unload: what is served is decided by the models folder."""
    if verb not in ("load", "unload"):
        raise NotFound("Unknown path: expected load or unload.", f"`{verb[:80]}`")
    raise NotFound(f"The server does not {verb} on request: expected the models folder to be changed, and a restart.")


def served(registry: Registry, name: str) -> list[Model]:
    """Return the versions of a model that serve."""
    return [model for model in registry.models if model.name == name]


def metadata_of(registry: Registry, model: Model) -> dict[str, Any]:
    """Return the response to a request for metadata."""
    versions = [str(other.version) for other in served(registry, model.name)]
    return {"name": model.name, "versions": versions, "platform": PLATFORM, **model.signature.described()}


def index_of(registry: Registry, *, only_ready: bool) -> list[dict[str, str]]:
    """Return the response to a request for the index."""
    return [
        {"name": entry.name, "version": str(entry.version), "state": STATES[entry.state], "reason": entry.reason}
        for entry in registry.entries
        if not only_ready or entry.state == "ready"
    ]


def _model(request: Request) -> Model:
    return registry_of(request).find(request.path_params["name"], version_of(request.path_params.get("version")))


def _statistics(request: Request, models: Iterable[Model]) -> JSONResponse:
    metrics: Metrics = request.app.state.metrics
    return JSONResponse({"model_stats": metrics.statistics(models)})


for _path in ("/models/{name}", "/models/{name}/versions/{version}"):
    for _end, _endpoint, _summary in (
        ("", metadata, "A model's tensors"),
        ("/ready", ready, "Whether a model answers"),
        ("/config", config, "A model's configuration"),
        ("/stats", statistics, "What a model has done"),
    ):
        _about = answer_of(_endpoint.__name__, _path)
        router.add_api_route(_path + _end, _endpoint, summary=_summary, openapi_extra=_about)
    _about = infer_of(_path)
    router.add_api_route(_path + "/infer", infer, methods=["POST"], summary="Infer from tensors", openapi_extra=_about)
