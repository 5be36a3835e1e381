"""ModelInfer: a decode and an encode around the batcher, as the infer route of REST.

    key ─> receive ─> parse ─> find ─> read ─> submit ─> … ─> write ─> bytes

A call that its client cancels, or whose deadline passes, takes its work along. Every call is counted, as
`app.protocols.endpoint` counts requests. It knows no port; see `app.protocols.open_inference_grpc.server` for that.
"""

import asyncio
from time import monotonic

from app.errors import DeadlineExceeded, RequestError, Response
from app.http.access import RPC, access_of
from app.http.handler import Head
from app.protocols.endpoint import Serving
from app.protocols.inference import Inference, instances_of, timed
from app.protocols.open_inference.request import Asked
from app.protocols.open_inference.response import Writers
from app.protocols.open_inference_grpc.messages import find, parse, read, write
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.status import Call
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.telemetry.request_observer import last_run

PROTOCOL = "grpc"
METHOD = f"{RPC}/ModelInfer"

Message = asyncio.Future[bytes | RequestError]


class Infer:
    """The method's behaviour: a call to the bytes of its response."""

    protocol = PROTOCOL

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._guard = serving.guards.of(access_of(METHOD))
        self._writers = Writers()

    async def __call__(self, call: Call) -> bytes:
        model = None
        try:
            if not self._guard.open:
                self._guard.check(call.head)
            data = await call.receive()
            started = monotonic()
            deadline = started + self._limit_s(call)
            request = parse(pb.ModelInferRequest, data)
            del data  # while the call waits, only its arrays stay
            model = find(self._serving.registry, request.model_name, request.model_version)
            work, message = self._submit(call, model, request, call.size_bytes, (started, deadline))
            del request
            call.ticket = work
        except Exception as error:
            self._serving.metrics.refused(model, PROTOCOL, error)
            raise
        try:
            outcome = await message
        except asyncio.CancelledError:
            if not work.done and monotonic() >= deadline:  # gRPC ended it a moment before the batcher would have
                model.batcher.cancel(work)
                self._serving.metrics.refused(model, PROTOCOL, DeadlineExceeded("The deadline passed."))
            work.cancel()
            raise
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

    def _limit_s(self, call: Call) -> float:
        remaining_s, limit_s = call.context.time_remaining(), self._serving.timeout_s  # None where the call has none
        return limit_s if remaining_s is None else min(remaining_s, limit_s)

    def write(self, model: Model, head: Head, asked: Asked, answer: Answer) -> Response:
        """See `app.protocols.inference.Protocolled`; the body is a message."""
        return 200, timed(model, lambda: write(model, self._writers.of(model), asked, answer.outputs)), ()

    def _submit(
        self, call: Call, model: Model, request: pb.ModelInferRequest, size_bytes: int, times: tuple[float, float]
    ) -> tuple["CalledInference", Message]:
        """Queue the request; the future gets the response, or the error that `app.protocols.inference` has counted."""
        started, deadline = times
        if model.batcher.queue.crowded:  # refuse before the work of reading what the queue would refuse after it
            model.batcher.queue.admit(1, size_bytes, deadline - started)
        asked = read(model.signature, request)
        if asked.timeout_s is not None:
            deadline = min(deadline, started + asked.timeout_s)
        instances = instances_of(model, asked.arrays)
        submitted = monotonic()
        model.metrics.decoded(submitted - started)
        message: Message = self._serving.loop.create_future()
        work = CalledInference(
            rows=instances,
            size=len(instances),
            submitted=submitted,
            deadline=deadline,
            key=instances.key,
            size_bytes=size_bytes,
            endpoint=self,
            model=model,
            head=call.head,
            asked=asked,
            started=started,
            respond=lambda status, body, headers, logged="": _end(call, model, message, body),
            call=call,
            message=message,
        )
        model.batcher.submit(work)
        return work, message


class CalledInference(Inference, kw_only=True):
    """A request that a coroutine waits for: its end is a future's."""

    call: Call
    message: Message

    def reject(self, error: RequestError) -> None:
        self.model.metrics.calls[PROTOCOL].refused(error)
        _end(self.call, self.model, self.message, error)


def _end(call: Call, model: Model, message: Message, outcome: bytes | RequestError) -> None:
    call.ran = last_run(model)  # now: when the caller is answered, another may have followed
    if not message.done():  # cancelled in this turn of the loop, and not yet told the batcher
        message.set_result(outcome)
