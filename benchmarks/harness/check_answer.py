"""Ask a server once, and judge the answer: only one that answers right is timed."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.models import Model
from benchmarks.harness.peers import Peer
from benchmarks.harness.process import Server

HOST = "127.0.0.1"
POLL_S = 0.01
ATOL, RTOL = 1e-5, 1e-3


class NotServingError(Exception):
    """A server that did not come up, or answers wrongly; the message is for the table."""


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    body: bytes


def send(port: int, path: str, body: bytes | None = None, timeout_s: float = 10.0) -> Reply:
    """Send one request on a connection of its own: GET, or POST if there is a body.

    Raises:
        OSError, http.client.HTTPException: when nobody answers in HTTP.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        headers = {"content-type": "application/json"} if body is not None else {}
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        return Reply(response.status, response.read())
    finally:
        connection.close()


def body_of(peer: Peer, model: Model, rows: int = 1) -> bytes:
    """Write the first `rows` golden rows (again from the start if there are fewer) in the peer's dialect."""
    chosen = [model.rows[i % len(model.rows)] for i in range(rows)]
    return json.dumps(peer.wire.body(model, chosen), separators=(",", ":")).encode()


def fault(peer: Peer, model: Model, reply: Reply) -> str | None:
    """Say what is wrong with the answer to the first golden row; None if it is right."""
    if reply.status != 200:
        return f"status {reply.status}: {reply.body[:120]!r}"
    if peer.limit:
        return None
    try:
        found = peer.wire.read(json.loads(reply.body))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return f"unreadable answer ({error!r}): {reply.body[:120]!r}"
    return _difference(found, model.answers[:1])


def wait_until_right(server: Server, peer: Peer, model: Model, port: int, limit_s: float) -> float:
    """Poll until the server answers the first golden row right; return the seconds since its start.

    Raises:
        NotServingError: when it ends, takes too long, or answers 200 with something else.
    """
    body = body_of(peer, model)
    last: Any = "no answer"
    while (waited_s := time.monotonic() - server.started) < limit_s:
        if not server.alive:
            raise NotServingError(f"it ended at the start: {server.tail()}")
        try:
            reply = send(port, peer.path, body, timeout_s=limit_s - waited_s)
        except (OSError, http.client.HTTPException) as error:
            last = repr(error)
        else:
            last = fault(peer, model, reply)
            if last is None:
                return time.monotonic() - server.started
            if reply.status == 200:
                raise NotServingError(f"wrong answer: {last}")
        time.sleep(POLL_S)
    raise NotServingError(f"no right answer within {limit_s:.0f} s ({last}): {server.tail()}")


def _difference(found: Any, wanted: Any) -> str | None:
    a, b = np.array(found, np.float64), np.array(wanted, np.float64)
    if a.shape != b.shape:
        return f"expected shape {b.shape}. Received: {a.shape}"
    if not np.allclose(a, b, rtol=RTOL, atol=ATOL):
        return f"expected {b.tolist()}. Received: {a.tolist()}"
    return None
