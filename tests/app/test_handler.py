"""What a door and a handler agree on."""

from app.doors import Message
from app.handler import HotRoutes, Request


def test_a_message_is_a_request() -> None:
    """The ASGI door's message has what a handler asks for."""
    request: Request = Message(b"a=1", b"text/x", b"body")
    assert (request.query, request.content_type, request.body) == (b"a=1", b"text/x", b"body")


def test_routes_start_empty() -> None:
    """And do not share their contents."""
    one, two = HotRoutes(), HotRoutes()
    one.heads[b"x"] = 1
    assert (two.handlers, two.heads) == ({}, {})
