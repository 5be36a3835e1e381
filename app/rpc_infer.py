"""ModelInfer: a decode and an encode around the batcher, as the infer route of REST.

    Infer(data, context)   parse ─> find ─> read ─> submit ─> … ─> write ─> bytes

A call that its client cancels, or whose deadline passes, takes its work along. Every call is counted, as
`app.endpoint` counts requests. It knows no port; see `app.rpc` for that.
"""

import asyncio
from time import monotonic

from app import infer
from app.endpoint import Serving
from app.errors import DeadlineExceeded, RequestError
from app.model import Model
from app.openinference_response import Writers
from app.protos import open_inference_pb2 as pb
from app.rpc_request import find, parse, read, write
from app.rpc_status import Context, head_of
from app.tensors import Tensors

Answer = asyncio.Future[bytes | RequestError]


class Infer:
    """The method's behaviour: the bytes of a request to those of its response."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._guarded = not serving.guard.open
        self._writers = Writers()

    async def __call__(self, data: bytes, context: Context) -> bytes:
        started = monotonic()
        deadline = started + self._patience_s(context.time_remaining())
        model = None
        try:
            if self._guarded:
                self._serving.guard.check(head_of(context))
            request = parse(pb.ModelInferRequest, data)
            model = find(self._serving.registry, request.model_name, request.model_version)
            work, answer = self._submit(model, request, len(data), started, deadline)
        except Exception as error:
            self._count(model, error.status if isinstance(error, RequestError) else RequestError.status)
            raise
        try:
            outcome = await answer
        except asyncio.CancelledError:
            if not work.done:
                work.cancel()
                if monotonic() >= deadline:  # gRPC ended it a moment before the batcher would have
                    self._count(model, DeadlineExceeded.status)
            raise
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

    def _submit(
        self, model: Model, request: pb.ModelInferRequest, size_bytes: int, started: float, deadline: float
    ) -> tuple[infer.Inference, Answer]:
        """Queue the request; `answer` gets the response, or the error that `app.infer` has counted."""
        if model.batcher.crowded:  # refuse before the work of reading what the queue would refuse after it
            model.batcher.admit(1, size_bytes, deadline - started)
        asked = read(model.signature, request)
        if asked.timeout_s is not None:
            deadline = min(deadline, started + asked.timeout_s)
        writer = self._writers.of(model)
        answer: Answer = self._serving.loop.create_future()

        def finish(outcome: Tensors | RequestError) -> None:
            result = write(model, writer, asked, outcome) if isinstance(outcome, Tensors) else outcome
            if not answer.done():  # cancelled in this turn of the loop, and not yet told the batcher
                answer.set_result(result)

        work = infer.submit(
            model, asked.arrays, started=started, deadline=deadline, size_bytes=size_bytes, finish=finish
        )
        return work, answer

    def _patience_s(self, remaining_s: float | None) -> float:
        """The call's own deadline, within the server's; None where the call has none."""
        return self._serving.timeout_s if remaining_s is None else min(remaining_s, self._serving.timeout_s)

    def _count(self, model: Model | None, status: int) -> None:
        if model is None:
            self._serving.metrics.refused(None, status)
        else:
            model.metrics.refused(status)
