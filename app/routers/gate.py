"""Which ordinary requests are admitted: the route that a request is for, its port, and its key.

It stands before FastAPI, so that no body is read for a request that is refused. Hot requests do not come here:
`app.protocols.endpoint` looks at their keys, by the same table.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from app.errors import NotFound
from app.http.access import Access, Audience, Guards, Port, access_of, closest
from app.http.handler import Head


@dataclass(frozen=True)
class Found:
    """What a request is for."""

    route: str  # the form of its path; empty where no route has it
    access: Access
    allowed: tuple[str, ...] = ()  # the methods of that path, where the request's is none of them


class Gate:
    """Admits requests for the routes of an application; it is `divided` where operators have a port of their own."""

    def __init__(self, routes: Sequence[BaseRoute], guards: Guards, *, divided: bool) -> None:
        self._routes = routes
        self._guards = guards
        self._divided = divided

    def find(self, scope: Scope) -> Found:
        """Return the route of a request as Starlette will: the first that fits, or fits but for the method."""
        fitting = [route for route in self._routes if route.matches(scope)[0] is not Match.NONE]
        for route in fitting:
            if scope["method"] in _methods(route):
                return _found(route)
        if not fitting:
            return Found("", closest(scope["path"]))
        return _found(fitting[0], sorted({method for route in fitting for method in _methods(route)}))

    def admit(self, found: Found, scope: Scope, head: Head, port: Port) -> None:
        """Let a request pass; raises `NotFound` where `port` does not have the path, and as `Guards.admit` does.

        Whose key it was is then known of its `head`, as the log wants it.
        """
        if not self.has(found.access, port):  # the answer does not say that there is another port
            received = f"`{scope['path'][:200]}`"
            raise NotFound("Unknown path: expected one of those that this port answers.", received)
        if found.route or found.access.audience is not Audience.OPERATOR or self._guards.operators.keyed:
            self._guards.admit(found.access, head)

    def has(self, access: Access, port: Port) -> bool:
        return not self._divided or bool(access.port & port)


def _found(route: BaseRoute, methods: Sequence[str] = ()) -> Found:
    path: str = getattr(route, "path", "") or "(a route without a path)"
    return Found(path, access_of(path), tuple(methods))


def _methods(route: BaseRoute) -> Collection[str]:
    """Return the methods of a route; a mounted folder has none and is read."""
    return getattr(route, "methods", None) or ("GET",)
