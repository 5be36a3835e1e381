"""`POST /predict?purpose=preview`: a person tries a model, say on the page; it is answered, and is no traffic.

    find the version that serves ─> read the rows ─> is there room to spare? ─> the same queue ─> the same runs ─> …

Checks, limits, keys, rates and bytes are those of `/predict`. Previews are counted by `app.metrics.preview_metrics` and
by nothing that judges the service: not for drift, feedback, canary, shadow or what is promised of requests. They are
refused before callers are: beside what waits, they may use a share of each limit of the queue.
"""

from time import monotonic

from app.drift.sampling import Previewed
from app.features.rows import Rows, rows_of
from app.http.handler import Head, Respond, Ticket
from app.http.purpose import PREVIEW
from app.protocols.explain import Plan
from app.protocols.inference import Inference
from app.protocols.predict import Predict, check_type, parse_query
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.tensors import Instances

SHARE = 0.5  # of what may wait, in rows, bytes and time, and of the requests that may be under way


class Explaining(Inference, kw_only=True):
    """A request for an explanation; most of its rows are nobody's, so logs and feedback are not told their answer."""

    def resolve(self, answer: Answer) -> None:
        self.give(answer)


class Preview(Predict):
    """The handler of such requests."""

    protocol = PREVIEW

    def find(self, head: Head) -> Model:
        """Return the version that is named, or the one that serves: never a canary for its share."""
        check_type(head.content_type)
        return self._registry.find(*parse_query(head.query))

    def submit(
        self,
        model: Model,
        head: Head,
        content: tuple[Instances, Plan | None],
        body: bytes,
        started: float,
        respond: Respond,
    ) -> Ticket:
        found, plan = content
        assert isinstance(found, Rows)  # as `read` and `read_in_steps` return them
        rows = rows_of(found.features, found if plan is None else plan.rows, Previewed)
        work = (Inference if plan is None else Explaining)(
            rows=rows,
            size=len(rows),
            submitted=monotonic(),
            deadline=self.deadline(head, started),
            key=rows.key,
            size_bytes=len(body) * len(rows) // len(found),
            endpoint=self,
            model=model,
            head=head,
            asked=plan,
            started=started,
            respond=respond,
        )
        model.batcher.queue.admit(work.size, work.size_bytes, work.deadline - work.submitted, SHARE)
        model.batcher.submit(work)
        model.metrics.previews.queued(work)
        return work

    def _admit(self, model: Model, head: Head, body: bytes, started: float) -> None:
        model.batcher.queue.admit(1, len(body), self.deadline(head, started) - monotonic(), SHARE)
