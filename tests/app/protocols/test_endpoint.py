"""What every hot route does with a request, whatever it means: find, unpack, submit, and one answer that is counted."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Generator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from app.errors import Headers, InvalidInput, NotFound, Overloaded, Response, too_many_bytes
from app.http.access import Guards
from app.http.api_keys import Guard
from app.http.handler import Head, Refusal, Respond, Ticket
from app.main import Slipway
from app.metrics.service_metrics import Metrics
from app.protocols.endpoint import Endpoint, Serving
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.tensors import Instances, Tensors
from tests.support import serving

LIMIT = 100


class Asked:
    """A request, and what it was answered with."""

    arrived = 0.0

    def __init__(self, body: bytes = b"", **headers: str) -> None:
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.head = Head(b"", pairs)
        self.body = body
        self.size_bytes = len(body)
        self.answers: list[tuple[int, bytes]] = []

    def respond(self, status: int, body: bytes, headers: Headers = (), logged: str = "") -> None:
        self.answers.append((status, body))


class Echo(Endpoint[bytes]):
    """Answers with the body; a body that is the name of a trouble raises it."""

    protocol, route = "predict", "/predict"
    troubles: dict[bytes, Exception]

    def find(self, head: Head) -> Model:
        if head.header(b"model") == b"gone":
            raise NotFound("Unknown model.")
        return self._registry.find()

    def read(self, model: Model, head: Head, body: bytes) -> tuple[Instances, bytes]:
        if body in self.troubles:
            raise self.troubles[body]
        return Tensors({}, 1), body

    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, tuple[Instances, bytes]]:
        yield
        return self.read(model, head, body)

    def write(self, model: Model, head: Head, asked: bytes, answer: Answer) -> Response:
        return 200, asked, ()

    def submit(
        self,
        model: Model,
        head: Head,
        content: tuple[Instances, bytes],
        body: bytes,
        started: float,
        respond: Respond,
    ) -> Ticket:
        assert content[1] is body
        respond(200, body, ())
        return Done()


class Done:
    model = None
    started = submitted = 0.0
    size = 0
    answer = None
    quick = True

    def cancel(self) -> None: ...


@contextlib.asynccontextmanager
async def echo(app: Slipway) -> AsyncIterator[Echo]:
    async with serving.running(app):
        metrics: Metrics = app.state.metrics
        made = Echo(Serving(app.state.registry, metrics, 10.0, LIMIT, Guards(Guard(None))))
        made.troubles = {b"bad": InvalidInput((), "a", "b"), b"full": Overloaded("Full.", 3), b"bug": ValueError()}
        yield made


def ask(endpoint: Echo, asked: Asked) -> Ticket | None:
    return endpoint.handle(asked, asked.respond)


async def turn() -> None:
    """Let what was left for the next turn of the loop happen."""
    await asyncio.sleep(0)


async def test_a_request_is_answered(app: Slipway) -> None:
    async with echo(app) as endpoint:
        asked = Asked(b"hello")
        assert isinstance(ask(endpoint, asked), Done)
        assert asked.answers == [(200, b"hello")]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        (Asked(model="gone"), 404, b'{"error":"Unknown model."}'),
        (Asked(b"bad"), 400, b'{"error":"Invalid body: expected a. Received: b."}'),
        (Asked(b"full"), 429, b'{"error":"Full."}'),
        (Asked(b"bug"), 500, b'{"error":"Internal error."}'),
        (Asked(b"x", content_encoding="br"), 415, b"expected gzip or deflate"),
        (Asked(b"plain", content_encoding="gzip"), 400, b"expected gzip data"),
        (Asked(gzip.compress(bytes(LIMIT + 1)), content_encoding="gzip"), 413, b"at most 100 bytes"),
    ],
)
async def test_a_refusal_is_one_answer_in_the_next_turn_of_the_loop(
    asked: Asked, status: int, said: bytes, app: Slipway
) -> None:
    """A bug tells a caller nothing of itself."""
    asked.answers.clear()
    async with echo(app) as endpoint:
        ticket = ask(endpoint, asked)
        assert ticket is not None
        assert ticket.quick
        ticket.cancel()  # nothing is left to cancel
        assert asked.answers == []
        await turn()
        ((found, body),) = asked.answers
        assert (found, said in body) == (status, True), body


async def test_a_packed_body_arrives_unpacked(app: Slipway) -> None:
    async with echo(app) as endpoint:
        asked = Asked(gzip.compress(b"x" * LIMIT), content_encoding="gzip")
        ask(endpoint, asked)
        assert asked.answers == [(200, b"x" * LIMIT)]


async def test_refusals_are_counted_by_status(app: Slipway) -> None:
    async with serving.running(app) as client:
        metrics: Metrics = app.state.metrics
        endpoint = Echo(Serving(app.state.registry, metrics, 10.0, LIMIT, Guards(Guard(None))))
        endpoint.troubles = {b"bad": InvalidInput((), "a", "b")}
        ask(endpoint, Asked(b"bad"))
        endpoint.refuse(too_many_bytes(LIMIT, LIMIT + 1), Head(b"", ()))
        await turn()
        text = (await client.get("/metrics")).text
        counted = {line for line in text.splitlines() if line.startswith("slipway_requests_total")}
        assert any('code="400"' in line and 'model="tiny"' in line and line.endswith(" 1.0") for line in counted), (
            counted
        )
        assert any('code="413"' in line and line.endswith(" 1.0") for line in counted), counted


async def test_the_least_of_all_deadlines_holds(app: Slipway) -> None:
    """The server's limit, the header's, and the body's own."""
    async with echo(app) as endpoint:
        plain, short = Asked().head, Asked(x_request_timeout_ms="2500").head
        long = Asked(x_request_timeout_ms="60000").head
        assert endpoint.deadline(plain, 5.0) == 15.0
        assert endpoint.deadline(short, 5.0) == 7.5
        assert endpoint.deadline(long, 5.0) == 15.0
        assert endpoint.deadline(plain, 5.0, 1.0) == 6.0
        assert endpoint.deadline(short, 5.0, 99.0) == 7.5
        for text in ("0", "-1", "1.5", "soon", "9" * 20):
            with pytest.raises(InvalidInput, match="expected a whole number of milliseconds"):
                endpoint.deadline(Asked(x_request_timeout_ms=text).head, 5.0)


async def test_a_crowded_model_refuses_before_a_body_is_read(app: Slipway) -> None:
    """What the queue would refuse after the work of decoding it."""
    async with echo(app) as endpoint:
        batcher = app.state.registry.find().batcher
        for waiting, status in ((0, 200), (10**6, 429)):
            batcher.queue.rows = waiting
            asked = Asked(b"x")
            ticket = ask(endpoint, asked)
            await turn()
            assert [answer[0] for answer in asked.answers] == [status]
            assert isinstance(ticket, Refusal) == (status == 429)
        assert isinstance(ticket, Refusal)
        assert ticket.crowded
        batcher.pace._recent_s = 1.0  # of which runs took nothing: a refusal costs what an answer does
        other = ask(endpoint, Asked(b"x"))
        assert isinstance(other, Refusal)
        assert not other.crowded
        batcher.queue.rows = 0


@pytest.mark.parametrize(("waited_s", "status"), [(0.0, 200), (9.9, 429)])
async def test_what_has_waited_is_not_read_when_it_is_too_late(waited_s: float, status: int, app: Slipway) -> None:
    """Of ten seconds; the queue is not long, but a turn takes a second."""
    async with echo(app) as endpoint:
        batcher = app.state.registry.find().batcher
        batcher.queue.rows, batcher.pace.turn_s = 1, 1.0
        asked = Asked(b"x")
        asked.arrived = monotonic() - waited_s
        ask(endpoint, asked)
        await turn()
        assert [answer[0] for answer in asked.answers] == [status]
        batcher.queue.rows = 0


async def test_who_has_no_key_is_refused_before_anything_else(app: Slipway, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("alice:0123456789abcdef0123\n")
    async with serving.running(app):
        open_to_all = Serving(app.state.registry, app.state.metrics, 10.0, LIMIT, Guards(Guard(None)))
        endpoint = Echo(replace(open_to_all, guards=Guards(Guard(keys))))
        endpoint.troubles = {}
        stranger, alice = Asked(b"hi", model="gone"), Asked(b"hi", x_api_key="0123456789abcdef0123")
        ask(endpoint, stranger)
        ask(endpoint, alice)
        await turn()
        assert stranger.answers[0][0] == 401
        assert alice.answers == [(200, b"hi")]
