"""The standard services beside the protocol's own: health checking, and reflection, which `grpcurl` asks for.

Their streams may stay open for ever, so both end them when the server stops: nobody waits for a watcher.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

from grpc import StatusCode
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection

from app.health.health import Health
from app.protocols.open_inference_grpc.status import Context, name_answer

WATCH_S = 1.0  # between two looks at the health; the stop itself is told at once

Response = health_pb2.HealthCheckResponse


class Probe:
    """SERVING while the process is ready and not `stopping`; the same for the whole server and each of its services."""

    def __init__(self, source: Health, services: Iterable[str], stopping: asyncio.Event) -> None:
        self._source = source
        self._services = [health.OVERALL_HEALTH, *services]
        self._stopping = stopping

    async def Check(self, request: Any, context: Context) -> Any:  # noqa: N802  (gRPC's name)
        name_answer(context)
        if request.service not in self._services:
            await context.abort(StatusCode.NOT_FOUND, f"Unknown service: `{request.service[:80]}`.")
        return self._answer(request.service)

    async def List(self, request: Any, context: Context) -> Any:  # noqa: N802
        name_answer(context)
        return health_pb2.HealthListResponse(statuses={name: self._answer(name) for name in self._services})

    async def Watch(self, request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: N802
        """Tell the health, and each change of it, until the server stops."""
        name_answer(context)
        told = None
        while not self._stopping.is_set():
            answer = self._answer(request.service)
            if answer != told:
                yield answer
                told = answer
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), WATCH_S)
        yield self._answer(request.service)

    def _answer(self, service: str) -> Any:
        if service not in self._services:
            return Response(status=Response.SERVICE_UNKNOWN)
        ready = self._source.ready and not self._stopping.is_set()
        return Response(status=Response.SERVING if ready else Response.NOT_SERVING)


class Mirror:
    """Reflection that ends its streams when the server begins to stop."""

    def __init__(self, services: Iterable[str], stopping: asyncio.Event) -> None:
        self._servicer = reflection.aio.ReflectionServicer(services)
        self._stopping = stopping

    async def ServerReflectionInfo(  # noqa: N802  (gRPC's name)
        self, requests: AsyncIterator[Any], context: Context
    ) -> AsyncIterator[Any]:
        """Answer each question of a stream."""
        name_answer(context)
        answers = self._servicer.ServerReflectionInfo(requests, context)
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            while True:
                question = asyncio.ensure_future(anext(answers, None))
                await asyncio.wait((question, stop), return_when=asyncio.FIRST_COMPLETED)
                if not question.done() or question.result() is None:
                    question.cancel()
                    return
                yield question.result()
        finally:
            stop.cancel()
