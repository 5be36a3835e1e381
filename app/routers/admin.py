"""The operator's routes: what is loaded, and the verbs that change it.

They answer when it is done. What they change is of this process and does not outlive it.
"""

import os
import signal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from app.errors import Conflict
from app.repository.operations import Operations
from app.repository.registry import Registry
from app.repository.traffic_split import Kind
from app.repository.versions import Entry, Versions
from app.routers.context import registry_of
from app.version_policy import Canary, Shadow

Version = Annotated[int | None, Query(ge=1, lt=10**18, description="The version; see the text for what is left out.")]
REFUSED: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such model or version"},
    409: {"description": "Not possible; whoever answered before goes on, and the message says why"},
}


def _alone(request: Request) -> None:
    """Refuse what would reach one worker of several."""
    workers = request.app.settings.workers
    if workers > 1:
        raise Conflict(
            f"Expected one worker: what is asked here changes one of {workers}. "
            "POST /admin/reload reaches all, and so does what the models folder holds."
        )


router = APIRouter(prefix="/admin", tags=["administration"])
ONE: dict[str, Any] = {"dependencies": [Depends(_alone)], "responses": REFUSED}  # of a verb that changes one process


@router.get("/models", summary="What is loaded, and who answers")
async def models(request: Request) -> JSONResponse:
    """List every model with its versions."""
    return JSONResponse(_report(request))


@router.post("/reload", summary="Look at the models folder now", responses={409: REFUSED[409]})
async def reload(request: Request) -> JSONResponse:
    """Load what is new, try again what failed, and take out what is gone; with several workers in each of them."""
    if request.app.settings.workers > 1:
        os.kill(os.getppid(), signal.SIGHUP)
        return JSONResponse({"asked": request.app.settings.workers}, 202)
    await _operations(request).reload()
    return JSONResponse(_report(request))


@router.post("/models/{name}/load", summary="Load a version and let it answer", **ONE)
async def load(name: str, request: Request, version: Version = None) -> JSONResponse:
    """Without a version, the one that the settings ask for; it also ends what was unloaded or rolled back by hand."""
    await _operations(request).load(name, version)
    return _answer(request, name)


@router.post("/models/{name}/unload", summary="Take a version out of service", **ONE)
async def unload(name: str, request: Request, version: Version = None) -> JSONResponse:
    """Without a version, all of the model; it stays out until its content changes or it is loaded by hand."""
    await _operations(request).unload(name, version)
    return _answer(request, name)


@router.post("/models/{name}/rollback", summary="Go back to the version that answered before", **ONE)
async def rollback(name: str, request: Request) -> JSONResponse:
    """Nothing that is in the folder now is promoted after it, until something new comes."""
    await _operations(request).rollback(name)
    return _answer(request, name)


@router.put("/models/{name}/canary", summary="Give a version a share of the traffic", **ONE)
async def set_canary(name: str, canary: Canary, request: Request) -> JSONResponse:
    """Of the requests to `/predict` that name no version; the version is loaded if need be."""
    return await _divide(request, "canary", name, canary)


@router.delete("/models/{name}/canary", summary="End a canary", **ONE)
async def end_canary(name: str, request: Request) -> JSONResponse:
    """The version is not promoted; to let it answer everybody, load it."""
    return await _divide(request, "canary", name, None)


@router.put("/models/{name}/shadow", summary="Run a version on a copy of the traffic", **ONE)
async def set_shadow(name: str, shadow: Shadow, request: Request) -> JSONResponse:
    """Of the requests to `/predict`; it answers nobody, and metrics compare it with the version that does."""
    return await _divide(request, "shadow", name, shadow)


@router.delete("/models/{name}/shadow", summary="End a shadow", **ONE)
async def end_shadow(name: str, request: Request) -> JSONResponse:
    """The version is not promoted; to let it answer, load it."""
    return await _divide(request, "shadow", name, None)


async def _divide(request: Request, kind: Kind, name: str, rule: Canary | Shadow | None) -> JSONResponse:
    await _operations(request).divide(kind, name, rule)
    return _answer(request, name)


def _operations(request: Request) -> Operations:
    settings = request.app.settings
    return Operations(request.app.state.reloader, settings.models, settings.timeout_ms / 1000)


def _answer(request: Request, name: str) -> JSONResponse:
    registry = registry_of(request)
    line = next((line for line in registry.lines if line.name == name), Versions(name))
    return JSONResponse(_line(registry, line))


def _report(request: Request) -> dict[str, Any]:
    registry = registry_of(request)
    return {"fault": registry.fault or None, "models": [_line(registry, line) for line in registry.lines]}


def _line(registry: Registry, line: Versions) -> dict[str, Any]:
    kinds: tuple[Kind, ...] = ("canary", "shadow")
    rules = {kind: registry.division.rules(kind).get(line.name) for kind in kinds}
    return {
        "name": line.name,
        "answers": None if line.current is None else line.current.version,
        "kept": None if line.previous is None else line.previous.version,
        **{kind: None if rule is None else rule.model_dump() for kind, rule in rules.items()},
        "versions": [_entry(line.entries[version]) for version in sorted(line.entries)],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    about: dict[str, Any] = {"version": entry.version, "state": entry.state, "reason": entry.reason or None}
    if entry.model is not None:
        about |= {"sha256": entry.model.facts.sha256, "load_s": round(entry.model.facts.load_s, 4)}
        about["waiting_rows"] = entry.model.batcher.queue.rows
    return about
