"""What a door and a handler agree on."""

from typing import cast

from app.doors import Message
from app.handler import Handler, HotRoutes, Request


def test_a_message_is_a_request() -> None:
    """The ASGI door's message has what a handler asks for."""
    scope = {"query_string": b"a=1", "headers": [(b"accept", b"x"), (b"other", b"y")]}
    request: Request = Message(scope, b"text/x", b"gzip", b"body")
    assert (request.query, request.content_type, request.content_encoding) == (b"a=1", b"text/x", b"gzip")
    assert (request.body, request.header(b"other"), request.header(b"absent")) == (b"body", b"y", b"")


def test_routes_start_empty() -> None:
    """And do not share their contents."""
    one, two = HotRoutes(), HotRoutes()
    one.heads[b"x"] = 1
    one.take("/x", cast("Handler", object()))
    assert (two.find(b"/x"), two.heads) == (None, {})


def test_a_path_is_found_by_its_whole_or_by_its_beginning() -> None:
    """The whole comes first, and a family may know nothing of a path."""
    whole, member = cast("Handler", object()), cast("Handler", object())
    routes = HotRoutes()
    routes.take("/a/exact", whole)
    routes.take_family("/a/", lambda path: member if path.endswith(b":go") else None)
    assert routes.find(b"/a/exact") is whole
    assert routes.find(b"/a/x:go") is member
    assert routes.find(b"/a/x") is routes.find(b"/b/x:go") is None
