"""`GET /` and its files: the page, for people.

    /                          the document: looked at again on each load, 304 while it is the same
    /page/<digest>/page.js     all modules of that version of the page: kept for good, and no other version is ever sent
    /page/main.js              one of them as it is now, for whoever wants to read it

The document names its files by the digest of all of them, so a reload after an upgrade takes all or none anew.
"""

import asyncio
import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.errors import NotFound
from app.http.compression import takes_gzip
from app.http.conditional import is_known
from app.page.assets import Asset, Assets
from app.page.shell import shell

ADDRESS = re.compile(r"(?:([0-9a-f]{16})/)?(.+)")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
}
ANEW = "no-cache"
FOR_GOOD = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index(request: Request) -> Response:
    """Send the document; what it shows it asks for itself."""
    assets: Assets = request.app.state.page
    version = await asyncio.to_thread(assets.now)
    return _send(shell(version, request.scope.get("root_path", "")), request, ANEW)


@router.get("/page/{path:path}")
async def file(path: str, request: Request) -> Response:
    """Send a module, the stylesheet or the mark."""
    assets: Assets = request.app.state.page
    named = ADDRESS.fullmatch(path)
    digest, name = named.groups() if named else (None, path)
    found = await asyncio.to_thread(assets.find, digest, name)
    if found is None:
        raise NotFound("Unknown file of the page, or of another version of it: load it again.", f"`{path[:200]}`")
    return _send(found, request, FOR_GOOD if digest else ANEW)


def _send(found: Asset, request: Request, keep: str) -> Response:
    packed = takes_gzip(request.headers.get("accept-encoding", "").encode("latin-1"))
    tag = f'"{found.tag}-gzip"' if packed else f'"{found.tag}"'
    headers = {**HEADERS, "cache-control": keep, "etag": tag}
    if is_known(tag, request.headers):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(found.packed if packed else found.plain, headers=headers, media_type=found.media_type)
