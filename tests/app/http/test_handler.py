"""What a door and a handler agree on."""

from typing import cast

from app.http.handler import Handler, Head, Request
from app.transport.asgi import AsgiAdapter, AsgiRequest
from app.transport.fast_routes import HotRoutes


def test_an_asgi_request_is_a_request() -> None:
    """The ASGI path's request has what a handler asks for."""
    head = Head(b"a=1", [(b"content-type", b"text/x"), (b"content-encoding", b"gzip"), (b"content-length", b"4")])
    door = AsgiAdapter.__new__(AsgiAdapter)  # none is needed before there is an answer
    request: Request = AsgiRequest(door, head, None, b"body")
    assert (request.head, request.body) == (head, b"body")


def test_what_a_head_says() -> None:
    """The headers that count, and any other by its name."""
    head = Head(b"a=1", [(b"content-type", b"text/x"), (b"content-encoding", b"gzip"), (b"content-length", b"4")])
    assert (head.query, head.content_type, head.content_encoding, head.length) == (b"a=1", b"text/x", b"gzip", 4)
    assert (head.header(b"content-type"), head.header(b"absent"), head.timeout) == (b"text/x", b"", b"")
    assert Head(b"", [(b"content-length", b"-1")]).length is None
    assert Head(b"", [(b"x-request-timeout-ms", b"50")]).timeout == b"50"


def test_routes_start_empty() -> None:
    """And do not share their contents."""
    one, two = HotRoutes(), HotRoutes()
    one.heads[b"x"] = 1
    one.add("/x", cast("Handler", object()))
    assert (two.find(b"/x"), two.heads) == (None, {})


def test_a_path_is_found_by_its_whole_or_by_its_beginning() -> None:
    """The whole comes first, and a family may know nothing of a path."""
    whole, previewer, member = (cast("Handler", object()) for _ in range(3))
    routes = HotRoutes()
    routes.add("/a/exact", whole, previewer)
    routes.add_family("/a/", lambda path: member if path.endswith(b":go") else None)
    assert routes.find(b"/a/exact") is routes.find(b"/a/exact?model=preview") is whole
    assert routes.find(b"/a/exact?model=x&purpose=preview") is previewer
    assert routes.find(b"/a/x:go") is routes.find(b"/a/x:go?purpose=preview") is member
    assert routes.find(b"/a/x") is routes.find(b"/b/x:go") is None
