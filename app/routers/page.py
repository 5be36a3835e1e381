"""`GET /` and its files: the page, for people."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.errors import NotFound
from app.page import assets

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index(request: Request) -> Response:
    """Send the shell of the page; what it shows it asks for itself."""
    return _send("index.html", request)


@router.get("/page/{path:path}")
async def file(path: str, request: Request) -> Response:
    """Send a module, the stylesheet or the mark."""
    return _send(path, request)


def _send(path: str, request: Request) -> Response:
    found = assets.find(path)
    if found is None:
        raise NotFound("Unknown file of the page.", f"`{path[:200]}`")
    headers = {**assets.HEADERS, "etag": found.tag}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(found.packed if packed else found.plain, headers=headers, media_type=found.media_type)
