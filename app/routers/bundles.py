"""What lies in a version's bundle, for people: how training's values were spread, example rows, and papers.

    /models/{name}/versions/{version} ─┬─ /profile         profile.json
                                       ├─ /examples        golden rows; 404 where the setting `examples` hides them
                                       └─ /files/{file}    a listed file as it was verified, in a sandbox

Callers may ask a model and read about it, but not have it: graphs are not handed out. A bundle may be a stranger's, so
what a browser opens here runs nothing, sends nothing, and is never taken for another kind of file than its name says.
It knows nothing of pages, and of no file but by its name.
"""

import asyncio
from pathlib import PurePath
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.bundle.limits import GOLDEN_MAX_BYTES
from app.bundle.manifest import File
from app.bundle.reader import GOLDEN, Bundle
from app.errors import BundleError, Conflict, NotFound
from app.http.conditional import is_known
from app.printable import listed
from app.routers.context import registry_of
from app.runtime.model import Model

REPORT, ROWS_IN_REPORT = "report.html", "rows_in_report"  # a file, and the key of `training` that says how many it has
FILE_MAX_BYTES = GOLDEN_MAX_BYTES  # of a file that is sent: each is read whole, and hashed, first
GRAPH = ".onnx"
MEDIA_TYPES = {  # by the ending; any other file is saved and not shown
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
UNKNOWN = "application/octet-stream"
POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
}
REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "The version is no number"},
    404: {"description": "No such model, version or file"},
    409: {"description": "The file is not what it was when the version was loaded"},
    503: {"description": "The version is not ready"},
}

router = APIRouter(prefix="/models/{name}/versions/{version}", tags=["models"], responses=REFUSED)


@router.get("/profile", summary="How training's values were spread", response_class=Response)
async def profile(name: str, version: int, request: Request) -> Response:
    """Send `profile.json`: of each feature, and of the predictions, the share of training rows in each bin."""
    bundle = _bundle(_model(request, name, version))
    if bundle.profile is None:
        raise NotFound(f"The training rows of {name}/{version} were not profiled.")
    return _json(bundle.profile)


@router.get("/examples", summary="Real rows to try", response_class=Response)
async def examples(name: str, version: int, request: Request) -> Response:
    """Send the first golden rows, which are rows of the data file; 404 where the service does not show them."""
    model = _model(request, name, version)
    if not model.examples:
        raise NotFound(f"No example rows of {name}/{version} are shown here.")
    return _json({"instances": model.examples})


@router.get("/files/{file}", summary="A file of the bundle", response_class=Response)
async def bundle_file(name: str, version: int, file: str, request: Request) -> Response:
    """Send a card, a report, a plot or another file that the manifest lists; graphs stay here."""
    model = _model(request, name, version)
    bundle = _bundle(model)
    readable = {its: about for its, about in bundle.manifest.files.items() if _is_readable(model, its, about)}
    if file not in readable:
        raise NotFound(f"Unknown file: expected one of {listed(readable)}.", f"`{file[:200]}`")
    tag = f'"{readable[file].sha256}"'
    headers = {**HEADERS, "etag": tag, **_kind(file)}
    if is_known(tag, request.headers):
        return Response(status_code=304, headers=headers)
    return Response(await _content(request, bundle, file), headers=headers)


def papers(model: Model) -> list[dict[str, Any]]:
    """List the files of a bundle, and which of them callers may read."""
    files = {} if model.bundle is None else model.bundle.manifest.files
    return [
        {"name": name, "bytes": file.bytes, "readable": _is_readable(model, name, file)}
        for name, file in sorted(files.items())
    ]


def _is_readable(model: Model, name: str, file: File) -> bool:
    hidden = name.endswith(GRAPH) or (not model.examples and _has_rows(model, name))
    return not hidden and file.bytes <= FILE_MAX_BYTES


def _has_rows(model: Model, name: str) -> bool:
    """Say whether rows of the data file stand in a file of a bundle."""
    told = model.bundle is not None and model.bundle.manifest.training.get(ROWS_IN_REPORT)
    return name == GOLDEN or (name == REPORT and bool(told))


def _model(request: Request, name: str, version: int) -> Model:
    return registry_of(request).find(name, version)


def _bundle(model: Model) -> Bundle:
    if model.bundle is None:
        raise NotFound(f"Model `{model.name}` has no manifest, and so neither profile nor files.")
    return model.bundle


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), headers=HEADERS, media_type="application/json")


def _kind(file: str) -> dict[str, str]:
    """Say what a file is by its name alone."""
    found = MEDIA_TYPES.get(PurePath(file).suffix.lower())
    if found is not None:
        return {"content-type": found}
    return {"content-type": UNKNOWN, "content-disposition": f'attachment; filename="{file}"'}


async def _content(request: Request, bundle: Bundle, file: str) -> bytes:
    """Read a file in a thread, once there is room for it, and see that it is what was verified."""
    app = request.app
    hold = await app.hot.budget.wait(bundle.manifest.files[file].bytes, 0, app.settings.timeout_ms / 1000)
    try:
        return await asyncio.to_thread(bundle.content, file, FILE_MAX_BYTES)
    except BundleError as error:
        raise Conflict(f"`{file}` is not what it was when this version was loaded.") from error
    finally:
        hold.end()
