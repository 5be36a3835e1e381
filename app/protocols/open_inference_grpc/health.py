"""The standard services beside the protocol's own: health checking, and reflection, which `grpcurl` asks for.

They ask for no key, so what their callers may hold is little: one message at a time of all of them together (see
`app.protocols.open_inference_grpc.receiving`), and so many streams. Streams may stay open for ever, so both end them
when the server stops: nobody waits for a watcher.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import grpc
from grpc import StatusCode
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from app.errors import NotFound, RequestError
from app.health.health import Health
from app.protocols.open_inference_grpc.context import Context
from app.protocols.open_inference_grpc.messages import parse
from app.protocols.open_inference_grpc.receiving import Receiver, little
from app.protocols.open_inference_grpc.status import Call, Calls, name_answer, observed

WATCH_S = 1.0  # between two looks at the health; the stop itself is told at once
STREAMS_MAX = 500  # of watchers and reflections at once; each takes some 45 KB
QUESTION_S = 5.0  # until a reflection that asks nothing is ended, so that others may ask

Response = health_pb2.HealthCheckResponse
Stream = Callable[[AsyncIterator[Any], Context], AsyncIterator[Any]]


class Probe:
    """SERVING while the process is ready and not `stopping`; the same for the whole server and each of its services."""

    def __init__(self, source: Health, services: Iterable[str], stopping: asyncio.Event, receiver: Receiver) -> None:
        self._source = source
        self._services = [health.OVERALL_HEALTH, *services]
        self._stopping = stopping
        self._receiver = receiver
        self._look: asyncio.Future[None] | None = None  # the next one, of all watchers together

    async def check(self, call: Call) -> bytes:
        request: Any = parse(health_pb2.HealthCheckRequest, await call.glance())
        if request.service not in self._services:
            raise NotFound("Unknown service.", repr(request.service[:80]))
        return bytes(self._answer(request.service).SerializeToString())

    async def list(self, call: Call) -> bytes:
        answers = {name: self._answer(name) for name in self._services}
        return bytes(health_pb2.HealthListResponse(statuses=answers).SerializeToString())

    async def watch(self, _messages: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        """Tell the health, and each change of it, until the server stops."""
        request: Any = parse(health_pb2.HealthCheckRequest, await self._receiver.glance(context))
        told = None
        while not self._stopping.is_set():
            answer = self._answer(request.service)
            if answer != told:
                yield answer
                told = answer
            await asyncio.shield(self._next_look())
        yield self._answer(request.service)

    def _next_look(self) -> "asyncio.Future[None]":
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(self._pause())
        return self._look

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), WATCH_S)

    def _answer(self, service: str) -> Any:
        if service not in self._services:
            return Response(status=Response.SERVICE_UNKNOWN)
        ready = self._source.ready and not self._stopping.is_set()
        return Response(status=Response.SERVING if ready else Response.NOT_SERVING)


class Mirror:
    """Reflection that ends its streams when the server begins to stop."""

    def __init__(self, services: Iterable[str], stopping: asyncio.Event, receiver: Receiver) -> None:
        self._servicer = reflection.aio.ReflectionServicer(services)
        self._stopping = stopping
        self._public = receiver.public

    async def reflect(self, _messages: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        """Answer each question of a stream."""
        answers = self._servicer.ServerReflectionInfo(self._questions(context), context)
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

    async def _questions(self, context: Context) -> AsyncIterator[Any]:
        """Read one question after the other, while no other stream does, until none comes for a while."""
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUESTION_S), self._public:
                    data = await context.read()
                if data is grpc.aio.EOF:
                    return
                yield parse(reflection_pb2.ServerReflectionRequest, little(data))


class Streams:
    """The streams that are open, so many at most."""

    def __init__(self) -> None:
        self._open = 0

    def bounded(self, stream: Stream) -> Stream:
        """Return `stream` with a bound, the id that its call came with, and a status in the place of what it raises."""

        async def answer(messages: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
            name_answer(context)
            if self._open >= STREAMS_MAX:
                await context.abort(StatusCode.RESOURCE_EXHAUSTED, f"Expected at most {STREAMS_MAX} streams at once.")
            self._open += 1
            try:
                async for response in stream(messages, context):
                    yield response
            except RequestError as error:
                await context.abort(StatusCode.INVALID_ARGUMENT, str(error))
            finally:
                self._open -= 1

        return answer


def services_of(probe: Probe, mirror: Mirror, calls: Calls) -> tuple[grpc.GenericRpcHandler, ...]:
    """Return both services; none of their methods is one of those whose message gRPC reads before anybody is asked."""
    streams, written = Streams(), _serialized
    checking: dict[str, Any] = {
        name: grpc.stream_unary_rpc_method_handler(observed(method, f"{health.SERVICE_NAME}/{name}", "", calls))
        for name, method in (("Check", probe.check), ("List", probe.list))
    }
    watch: Any = grpc.stream_stream_rpc_method_handler(streams.bounded(probe.watch), response_serializer=written)
    reflect: Any = grpc.stream_stream_rpc_method_handler(streams.bounded(mirror.reflect), response_serializer=written)
    return (
        grpc.method_handlers_generic_handler(health.SERVICE_NAME, {**checking, "Watch": watch}),
        grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, {"ServerReflectionInfo": reflect}),
    )


def _serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString())
