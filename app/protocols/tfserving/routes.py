"""TensorFlow Serving's ordinary routes, which are also KServe's first version of its protocol.

    GET /v1/models                  the names
    GET /v1/models/{name}           the state of its versions
    GET /v1/models/{name}/metadata  the tensors of the version that answers

After the name may stand `/versions/{version}` or `/labels/{label}`. The verbs are hot routes
(`app.protocols.tfserving.handler`); here they are described, and refused where no handler takes them.
"""

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from app.errors import NotReady
from app.protocols.tfserving.handler import ANY_CASE, PARTS, VERBS, version_of
from app.protocols.tfserving.openapi import answer_of, describe
from app.repository.versions import Entry
from app.routers.context import not_started, registry_of
from app.routers.service import names
from app.tensors import TensorSpec

STATES = {"loading": "LOADING", "ready": "AVAILABLE", "waiting": "START", "failed": "END", "unloaded": "END"}


class Route(APIRoute):
    """A path as TensorFlow Serving reads it: its fixed words in any case, no colon in a name, a version of digits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        form = re.sub(r"{(\w+)}", lambda part: f"(?P<{part[1]}>{PARTS[part[1]]})", self.path)
        self._form = re.compile(form, ANY_CASE)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = self._form.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            return Match.NONE, {}
        asked = {"endpoint": self.endpoint, "path_params": found.groupdict(), "route": self}
        return Match.FULL if scope["method"] in (self.methods or ()) else Match.PARTIAL, asked


router = APIRouter(prefix="/v1", tags=["tensorflow serving"], route_class=Route)


async def status(request: Request) -> JSONResponse:
    """Show the state of each version, newest first, or of the one that is asked for.

    `ready` says whether the newest of them answers.
    """
    registry = registry_of(request)
    name, version = _asked(request)
    try:
        registry.find(name, version)
        ready = True
    except NotReady:
        ready = False
    found = [entry for entry in registry.entries if entry.name == name and version in (None, entry.version)]
    found.sort(key=lambda entry: entry.version, reverse=True)
    return JSONResponse({"name": name, "ready": ready, "model_version_status": [_state(entry) for entry in found]})


async def metadata(request: Request) -> JSONResponse:
    """Show the tensors of the version that answers, as the signature `serving_default`."""
    model = registry_of(request).find(*_asked(request))
    tensors = {"inputs": model.signature.inputs, "outputs": model.signature.outputs}
    signature: dict[str, Any] = {side: {spec.name: _tensor(spec) for spec in tensors[side]} for side in tensors}
    signature["method_name"] = "tensorflow/serving/predict"
    spec = {"name": model.name, "signature_name": "", "version": str(model.version)}
    signatures = {"signature_def": {"signature_def": {"serving_default": signature}}}
    return JSONResponse({"model_spec": spec, "metadata": signatures})


def _asked(request: Request) -> tuple[str, int | None]:
    parts = request.path_params
    return parts["name"], version_of(parts, request.app.settings.labels)


def _state(entry: Entry) -> dict[str, Any]:
    fault = {"error_code": "INTERNAL" if entry.reason else "OK", "error_message": entry.reason}
    return {"version": str(entry.version), "state": STATES[entry.state], "status": fault}


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    """Sizes are strings, as everywhere where a 64-bit integer of a protocol buffer is written as JSON."""
    dims = [{"size": str(size), "name": ""} for size in spec.wire_shape]
    shape = {"dim": dims, "unknown_rank": False}
    return {"dtype": spec.datatype.tensorflow, "tensor_shape": shape, "name": f"{spec.name}:0"}


router.add_api_route("/models", names, summary="The models' names")
for _path in ("/models/{name}", "/models/{name}/versions/{version}", "/models/{name}/labels/{label}"):
    _about = answer_of("status", _path)
    router.add_api_route(_path, status, summary="The state of a model", openapi_extra=_about)
    _about = answer_of("metadata", _path)
    router.add_api_route(_path + "/metadata", metadata, summary="A model's tensors", openapi_extra=_about)
    for _verb in VERBS:
        _about = describe(_verb, _path)
        router.add_api_route(f"{_path}:{_verb}", not_started, methods=["POST"], name=_verb, openapi_extra=_about)
