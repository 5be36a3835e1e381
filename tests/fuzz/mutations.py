"""Requests that nobody sends on purpose: good ones with values exchanged, bytes changed, framing broken.

    Maker(seed).sound()     a request that is framed as it should be, whatever is in it; one in eight is good
    Maker(seed).broken()    a connection's bytes in pieces, of which the framing may be wrong anywhere
    mutated(random, data)   bytes with some of them cut out, doubled, exchanged, or put in

The same seed makes the same. It knows no socket.
"""

import gzip
import json
import random
import re
import struct
from dataclasses import dataclass
from typing import Any

from tests.fuzz.test_fuzz import INFER, PREDICT, TENSORFLOW

SCALAR = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')
VALUES = [b"0", b"-1", b"1", b"1e308", b"-0.0", b"5e-324", b"1e400", b"9" * 30, b"9223372036854775808", b"null"]
VALUES += [
    b"true",
    b"[]",
    b"{}",
    b'""',
    b'"low"',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"NaN"',
    b"NaN",
    b'{"b64":"YQ=="}',
    b"[1]",
]
VALUES += [b'"BYTES"', b'"FP32"', b'"INT64"', b"[0,10000000]", b"[-1]", b"[1,16]", b"[[[[[[]]]]]]", b"[" * 300]
PIECES = [b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b",", b"\xff", b"\x80", b"\r\n\r\n", b"0\r\n\r\n", b"5\r\n"]
PIECES += [
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: +5\r\n",
    b"Expect: 100-continue\r\n",
]
PIECES += [
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n",
    b"Upgrade: h2c\r\n",
    b"Host: b\r\n",
    b" folded\r\n",
]
PIECES += [
    b"GET / HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
]
HEADS: list[tuple[bytes, list[bytes]]] = [
    (b"x-request-id", [b"a", b"order-17", b"\x7f", b"x" * 200, b""]),
    (b"traceparent", [b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"00-zz", b"ff"]),
    (b"accept", [b"text/html", b"*/*", b"application/openmetrics-text", b";;q=,"]),
    (b"content-type", [b"application/json", b"text/plain", b"application/octet-stream", b"x", b"multipart/form-data"]),
    (b"inference-header-content-length", [b"0", b"-1", b"5", b"99999999999", b"1e3"]),
    (b"x-api-key", [b"", b"an-operators-key-of-enough-length", b"\xff\xfe"]),
    (b"content-encoding", [b"gzip", b"identity", b"br", b"deflate", b"gzip, gzip"]),
    (b"origin", [b"https://a.example", b"null"]),
    (b"connection", [b"keep-alive", b"x-y"]),
    (b"expect", [b"100-continue", b"nothing"]),
]
GETS = [b"/", b"/health", b"/health/ready", b"/models", b"/models/tiny", b"/models/nobody", b"/v1/models/tiny", b"/v2"]
GETS += [
    b"/v2/models/add_sub",
    b"/v2/models/add_sub/config",
    b"/v2/models/stats",
    b"/admin/models",
    b"/v1/models/tiny/metadata",
]
OTHERS = [
    b"/feedback",
    b"/admin/reload",
    b"/admin/models/nobody/load",
    b"/admin/models/tiny/canary",
    b"/nothing",
    b"/metrics",
]
OTHERS += [
    b"/admin/models/nobody/rollback",
    b"/v2/repository/index",
    b"/admin/models/tiny/shadow",
    b"/health",
    b"/docs",
]
FEEDBACK = {"id": "order-17", "values": ["yes", None]}
POSTS: list[tuple[bytes, list[bytes]]] = [
    (b"/predict?model=tiny", [json.dumps(each).encode() for each in PREDICT]),
    *[(b"/v1/models/%b:predict" % name.encode(), [json.dumps(each).encode() for each in bodies])
      for name, bodies in TENSORFLOW.items()],
    (b"/v1/models/tiny:classify", [b'{"examples":[{"age":1.5,"level":"low"}]}']),
    *[(b"/v2/models/%b/infer" % name.encode(), [json.dumps(each).encode() for each in bodies])
      for name, bodies in INFER.items()],
    (b"/feedback", [json.dumps(FEEDBACK).encode()]),
]  # fmt: skip
BEHIND = struct.pack("<16i", *range(16))
GOOD_PATH, GOOD_BODY = POSTS[0][0], POSTS[0][1][0]
ONCE_IN = 8  # a sound request is a good one


@dataclass(frozen=True)
class Sent:
    """One request, and whether its answer is known beforehand."""

    data: bytes
    good: bool = False


def request(method: bytes, path: bytes, body: bytes, *lines: bytes) -> bytes:
    head = [b"%b %b HTTP/1.1" % (method, path), b"host: a", *lines]
    if method not in (b"GET", b"OPTIONS"):
        head.append(b"content-length: %d" % len(body))
    return b"\r\n".join([*head, b"", body])


LAST = request(b"GET", b"/health/live", b"", b"connection: close")
GOOD = Sent(request(b"POST", GOOD_PATH, GOOD_BODY, b"content-type: application/json"), good=True)


class Maker:
    """Makes requests from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def sound(self) -> Sent:
        """Make a request whose length is the one it says."""
        draw = self.random
        if not draw.randrange(ONCE_IN):
            return GOOD
        if not draw.randrange(8):
            method, path = draw.choice((b"GET", b"GET", b"OPTIONS")), draw.choice(GETS)
            return Sent(request(method, self._path(path), b"", *self._lines()))
        path, bodies = draw.choice(POSTS) if draw.randrange(10) else (draw.choice(OTHERS), [b"{}", b'{"percent":5}'])
        body, lines = self._body(draw.choice(bodies)), self._lines()
        if not draw.randrange(6):
            body = gzip.compress(body, 1)
            if not draw.randrange(4):
                body = mutated(draw, body)
            lines.append(b"content-encoding: gzip")
        method = b"POST" if draw.randrange(20) else draw.choice((b"PUT", b"PATCH", b"DELETE", b"QUERY"))
        return Sent(request(method, self._path(path), body, *lines))

    def broken(self) -> list[bytes]:
        """Make the pieces of a connection's bytes: some requests, chunked or not, and changes anywhere."""
        draw = self.random
        stream = b"".join([self._any() for _ in range(draw.randrange(1, 4))])
        for _ in range(draw.randrange(1, 4)):
            stream = mutated(draw, stream)
        cuts = sorted(draw.randrange(len(stream) + 1) for _ in range(draw.randrange(3)))
        return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) if a < b]

    def _any(self) -> bytes:
        made = self.sound().data
        head, _, body = made.partition(b"\r\n\r\n")
        if self.random.randrange(2) or not body:
            return made
        head = re.sub(rb"\r\ncontent-length: \d+", b"", head) + b"\r\ntransfer-encoding: chunked\r\n\r\n"
        at = self.random.randrange(len(body) + 1)
        chunks = b"".join([b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:at], body[at:]) if part])
        return head + chunks + b"0\r\n\r\n"

    def _body(self, body: bytes) -> bytes:
        draw = self.random
        for _ in range(draw.randrange(3)):
            places = list(SCALAR.finditer(body))
            if places:
                place = draw.choice(places)
                body = body[: place.start()] + draw.choice(VALUES) + body[place.end() :]
        if not draw.randrange(3):
            body = mutated(draw, body)
        if not draw.randrange(200):
            body = body * draw.randrange(1, 400)
        return body + draw.choice((b"", b"", b"", BEHIND))

    def _path(self, path: bytes) -> bytes:
        draw = self.random
        if not draw.randrange(6):
            path += draw.choice(
                (b"?model=tiny", b"?version=1", b"?version=x&version=", b"?%00", b"/", b"//", b"?model=nobody")
            )
        if not draw.randrange(20):
            path = path.replace(b"tiny", draw.choice((b"%74iny", b"..", b"%2e%2e", b"%00", b"%0a", b"%ff", b"x" * 300)))
        return path

    def _lines(self) -> list[bytes]:
        draw = self.random
        chosen = [draw.choice(HEADS) for _ in range(draw.randrange(3))]
        return [name + b": " + draw.choice(values) for name, values in chosen]


def mutated(draw: Any, data: bytes) -> bytes:
    """Change a few bytes."""
    for _ in range(draw.randrange(1, 3)):
        a = draw.randrange(len(data) + 1)
        b = min(len(data), a + draw.choice((0, 1, 1, 2, 8, 64)))
        kind = draw.randrange(5)
        if kind == 0:
            data = data[:a] + data[b:]
        elif kind == 1:
            data = data[:b] + data[a:]
        elif kind == 2:
            data = data[:a] + bytes([draw.randrange(256)]) + data[b:]
        elif kind == 3:
            data = data[:a] + draw.choice(PIECES) + data[a:]
        else:
            data = data[: max(1, a)]
    return data
