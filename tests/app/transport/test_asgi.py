"""The ASGI path: it collects a body under its limit, and hands over what came and who left."""

import asyncio
import gc
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import InvalidInput, Overloaded, Rendered, RequestError, Response, render
from app.http.handler import Head, Request, Respond, Ticket
from app.protocols.inference import Inference
from app.transport import asgi as doors
from app.transport.asgi import AsgiAdapter
from tests.app.bad_requests import BAD, GOOD, JSON, body_of
from tests.support import serving

Message = dict[str, Any]


class Work:
    """A request under way, which notes that its client left."""

    model = None
    started = submitted = 0.0
    size = 1
    answer = None

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.cancelled = asyncio.Event()

    def cancel(self) -> None:
        self.cancelled.set()


class LateHandler:
    """Answers when the test says so."""

    protocol, route = "predict", "/"
    max_body_bytes = 10

    def __init__(self, quick: bool = False) -> None:
        self.requests: list[Request] = []
        self.responds: list[Respond] = []
        self.called = asyncio.Event()
        self.work = Work(quick)

    def look(self, head: Head) -> float:
        return 60.0

    def refuse(self, error: RequestError, head: Head) -> Rendered:
        return render(error)

    def handle(self, request: Request, respond: Respond) -> Ticket | None:
        self.requests.append(request)
        self.responds.append(respond)
        self.called.set()
        return self.work


class InstantHandler(LateHandler):
    """Answers before it returns, with what it was told to."""

    def __init__(self, answer: Response | Rendered) -> None:
        super().__init__()
        self.answer = answer

    def handle(self, request: Request, respond: Respond) -> Ticket | None:
        super().handle(request, respond)
        respond(*self.answer)
        return None


class Wire:
    """The server's side of an ASGI call: messages to receive, and those that were sent."""

    def __init__(self, *messages: Message, headers: tuple[tuple[bytes, bytes], ...] = (), query: bytes = b"") -> None:
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.inbox.put_nowait(message)
        self.sent: list[Message] = []
        self.scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def through(self, door: AsgiAdapter) -> "asyncio.Task[None]":
        call = door(self.scope, self.inbox.get, self.send)
        return asyncio.ensure_future(call)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


def piece(body: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


async def finish(task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(serving.PATIENCE_S):
        await task


async def test_a_head_that_comes_again_is_not_read_again() -> None:
    """Another query or header makes another one, and nothing that the server does to its scope changes it."""
    handler = InstantHandler((200, b"{}", ()))
    door, plain = AsgiAdapter(handler), [(b"content-type", b"text/x")]
    asked = [(plain, b""), (plain, b""), (plain, b"a=1"), ([*plain, (b"x-request-id", b"7")], b"a=1"), (plain, b"a=1")]
    for headers, query in asked:
        wire = Wire(piece(b"x"), query=query)
        wire.scope["headers"] = mine = list(headers)
        await finish(wire.through(door))
        mine.append((b"content-type", b"text/y"))
        assert (wire.headers.get(b"x-request-id") == b"7") == (len(headers) == 2)
    one, again, *others = [request.head for request in handler.requests]
    assert one is again
    assert len({id(head) for head in (one, *others)}) == 4
    assert [head.content_type for head in others] == [b"text/x"] * 3


@pytest.mark.parametrize("name", [b"authorization", b"x-api-key"])
async def test_a_head_with_a_key_is_not_kept(name: bytes) -> None:
    """To compare a guess with it would tell by its time how much of it is right."""
    handler = InstantHandler((200, b"{}", ()))
    door = AsgiAdapter(handler)
    for _ in range(2):
        wire = Wire(piece(b"x"))
        wire.scope["headers"] = [(name, b"secret")]
        await finish(wire.through(door))
    one, other = [request.head for request in handler.requests]
    assert one is not other


async def test_what_the_handler_gets_and_gives() -> None:
    """Query, content type and the whole body go in; status, body and headers come out."""
    handler = InstantHandler((200, b'{"a":1}', (("x-one", "1"),)))
    wire = Wire(piece(b"abc", more=True), piece(b"def"), headers=((b"content-type", b"text/x"),), query=b"model=tiny")
    await finish(wire.through(AsgiAdapter(handler)))
    (request,) = handler.requests
    assert (request.head.query, request.head.content_type, request.body) == (b"model=tiny", b"text/x", b"abcdef")
    assert wire.status == 200
    assert wire.headers == {b"content-type": b"application/json", b"content-length": b"7", b"x-one": b"1"}
    assert wire.sent[1:] == [{"type": "http.response.body", "body": b'{"a":1}'}]


async def test_a_message_without_a_body_is_an_empty_body() -> None:
    """ASGI lets a server leave both keys out."""
    handler = InstantHandler((200, b"{}", ()))
    await finish(Wire({"type": "http.request"}).through(AsgiAdapter(handler)))
    assert handler.requests[0].body == b""


@pytest.mark.parametrize("error", [InvalidInput((), "a", "b"), Overloaded("full", 3), RuntimeError("secret")])
async def test_errors_are_rendered(error: Exception) -> None:
    """Each with its status, its headers and an `error`; a bug says nothing of itself."""
    wire = Wire(piece(b"{}"))
    await finish(wire.through(AsgiAdapter(InstantHandler(render(error)))))
    status, body, headers, _ = render(error)
    assert (wire.status, wire.sent[1]["body"]) == (status, body)
    for name, value in headers:
        assert wire.headers[name.encode()] == value.encode()


@pytest.mark.parametrize("quick", [True, False])
async def test_a_late_answer_is_awaited(quick: bool) -> None:
    """The call ends when the answer is there."""
    handler = LateHandler(quick)
    wire = Wire(piece(b"{}"))
    task = wire.through(AsgiAdapter(handler))
    await handler.called.wait()
    assert not wire.sent
    handler.responds[0](200, b"[]", ())
    await finish(task)
    assert (wire.status, wire.sent[1]["body"]) == (200, b"[]")
    assert not handler.work.cancelled.is_set()


async def test_a_client_that_leaves_cancels_its_work() -> None:
    """Nothing is sent to nobody, and an answer that comes all the same is dropped."""
    handler = LateHandler()
    wire = Wire(piece(b"{}"))
    task = wire.through(AsgiAdapter(handler))
    await handler.called.wait()
    wire.inbox.put_nowait(GONE)
    await finish(task)
    assert handler.work.cancelled.is_set()
    handler.responds[0](200, b"[]", ())
    assert not wire.sent


async def test_a_client_that_leaves_before_its_body_is_there() -> None:
    """The handler never hears of it."""
    for messages in ((GONE,), (piece(b"abc", more=True), GONE)):
        handler = LateHandler()
        wire = Wire(*messages)
        await finish(wire.through(AsgiAdapter(handler)))
        assert not handler.requests
        assert not wire.sent


@pytest.mark.parametrize(
    "wire",
    [
        lambda: Wire(headers=((b"content-length", b"11"),)),
        lambda: Wire(piece(b"x" * 11)),
        lambda: Wire(piece(b"x" * 6, more=True), piece(b"x" * 5, more=True)),
        lambda: Wire(piece(b"x" * 6, more=True), piece(b"x" * 5)),
    ],
    ids=["announced", "in one piece", "in pieces, and more to come", "in pieces"],
)
async def test_a_body_over_the_limit(wire: Callable[[], Wire]) -> None:
    """It is refused as soon as it is known, without waiting for the rest."""
    handler, made = LateHandler(), wire()
    await finish(made.through(AsgiAdapter(handler)))
    assert made.status == 413
    assert json.loads(made.sent[1]["body"]) == {
        "error": "Invalid body: expected at most 10 bytes. Received: 11 or more."
    }
    assert not handler.requests


async def test_a_body_at_the_limit() -> None:
    """The limit itself is accepted, announced or not."""
    for headers in ((), ((b"content-length", b"10"),), ((b"content-length", b"many"),)):
        handler = InstantHandler((200, b"{}", ()))
        wire = Wire(piece(b"x" * 10), headers=headers)
        await finish(wire.through(AsgiAdapter(handler)))
        assert wire.status == 200


# ── the same answers through every door, on a real socket ──


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_through_either_door(case: str, http: httpx.Client) -> None:
    """Status, message and form are the same whichever way the request came, and the connection lives on."""
    bad = BAD[case]
    response = http.post(f"/predict{bad.query}", content=bad.body, headers=bad.headers)
    assert response.status_code == bad.status, response.text
    assert response.headers["content-type"] == "application/json"
    message = response.json()["error"]
    for part in bad.says:
        assert part in message
    assert http.post("/predict", content=body_of(GOOD), headers=JSON).status_code == 200


def test_an_answer_is_one_packet(process: serving.Process) -> None:
    """Head and body are there at the first look at the socket, each time; of two packets the second would often lag."""
    body = body_of(GOOD)
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    with socket.create_connection(("127.0.0.1", process.port), timeout=serving.PATIENCE_S) as client:
        for _ in range(200):
            client.sendall(head + body)
            answer = client.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"}]}")


def chunks(size: int) -> Iterator[bytes]:
    """An endless-looking body: valid JSON that is larger than the limit."""
    body = body_of(*[GOOD] * 10) + b" " * size
    for start in range(0, len(body), 8192):
        yield body[start : start + 8192]


@pytest.mark.parametrize("content", [b" " * 100_001, b"{" * 200_000], ids=["by one byte", "by far"])
def test_a_body_announced_as_too_large(content: bytes, http: httpx.Client) -> None:
    """413 with the limit and what was announced; the service goes on."""
    response = http.post("/predict", content=content, headers=JSON)
    assert response.status_code == 413
    assert response.json()["error"].startswith("Invalid body: expected at most 100000 bytes. Received: ")
    assert http.post("/predict", content=body_of(GOOD), headers=JSON).status_code == 200


def test_a_chunked_body_too_large(http: httpx.Client) -> None:
    """Without an announced length the bytes are counted as they come."""
    response = http.post("/predict", content=chunks(150_000), headers=JSON)
    assert response.status_code == 413
    assert "expected at most 100000 bytes" in response.json()["error"]
    assert http.post("/predict", content=body_of(GOOD), headers=JSON).status_code == 200


def test_a_chunked_body_within_the_limit(http: httpx.Client) -> None:
    """Chunks are joined before they are read."""
    response = http.post("/predict", content=chunks(50_000), headers=JSON)
    assert response.status_code == 200
    assert len(response.json()["predictions"]) == 10


def test_a_million_brackets_through_either_door(models: Path, tmp_path: Path) -> None:
    """The process survives what would exhaust its stack."""
    for door in ("protocol", "asgi"):
        with serving.process(models, tmp_path, "--door", door) as process:
            answer = httpx.post(f"{process.address}/predict", content=b'{"instances":' + b"[" * 10**6, headers=JSON)
            assert answer.status_code == 413
            good = httpx.post(f"{process.address}/predict", content=body_of(GOOD), headers=JSON)
            assert good.status_code == 200
            assert process.stop() == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/predict", 405, "Invalid method: expected POST. Received: GET."),
        ("PUT", "/predict", 405, "expected POST. Received: PUT."),
        ("DELETE", "/predict", 405, "expected POST. Received: DELETE."),
        ("POST", "/health", 405, "expected GET. Received: POST."),
        ("POST", "/predict/", 404, "Unknown path: expected one of those listed at /docs. Received: `/predict/`."),
        ("POST", "/Predict", 404, "Received: `/Predict`."),
        ("GET", "/nothing", 404, "Received: `/nothing`."),
        ("GET", "/models/other", 404, "Unknown model: expected one of tiny. Received: `other`."),
    ],
)
def test_wrong_methods_and_paths(method: str, path: str, status: int, says: str, http: httpx.Client) -> None:
    """`{"error": …}` here too; a 405 carries `Allow`."""
    response = http.request(method, path)
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert says in response.json()["error"]
    if status == 405:
        own, *added = response.headers["allow"].split(", ")
        assert own in says
        assert added == (["HEAD", "OPTIONS"] if own == "GET" else ["OPTIONS"])


async def test_nothing_of_a_request_is_left_for_the_garbage_collector(models: Path) -> None:
    """A message knows its work, and the work whom to answer: good or refused, the circle is opened."""
    app = serving.app_of(models)
    async with serving.running(app) as client:
        gc.collect()
        gc.disable()
        try:
            for row in (GOOD, {}, GOOD):
                await client.post("/predict", content=body_of(row), headers=JSON)
            left = [each for each in gc.get_objects() if type(each) in (doors.AsgiRequest, Inference)]
        finally:
            gc.enable()
    assert not left
