"""The clients of `benchmarks.resilience.hostile`, each a process of its own: one that is timed, and those that attack.

    python -m benchmarks.resilience.hostile_clients open PORT SECONDS RATE            small requests at fixed times
    python -m benchmarks.resilience.hostile_clients KIND PORT SECONDS CALLERS PAUSE_S attackers: see `ATTACKS`

What is timed is an open loop: a request is sent when its time has come, whether or not the one before is answered, and
its wait counts from then. An attacker holds what it can for as long as it is let, and begins again when it is thrown
out. Results are lines of JSON.
"""

import asyncio
import contextlib
import gzip
import json
import os
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

HOST = "127.0.0.1"
PRIORITY = 10
CONNECTIONS = 20  # of the open loop, which takes them in turn
BODY_BYTES = 16 * 10**6  # just below what the service allows by default
SMALL_BYTES = 60_000
PIECE_BYTES = 2**18
WINDOW_BYTES = 4096  # that a caller who does not read lets the kernel take
COLUMNS = 1024  # of the model that answers with what it was asked
ROWS = 2000
KEY = os.environ.get("HOSTILE_KEY", "")


# ── the open loop ──


@dataclass
class Waits:
    """What small requests saw."""

    took_s: list[float] = field(default_factory=list)  # of those with status 200, from when each was due
    statuses: Counter[str] = field(default_factory=Counter)


async def open_loop(port: int, seconds: float, rate: float, body: bytes) -> Waits:
    """Send `rate` requests a second for so long; each connection has one under way at most, or a new one is made."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    waits, idle = Waits(), [await _connect(port) for _ in range(CONNECTIONS)]
    request = head("/predict", len(body)) + body
    began, asked = time.monotonic(), []
    for turn in range(int(seconds * rate)):
        due = began + turn / rate
        await asyncio.sleep(due - time.monotonic())
        asked.append(asyncio.create_task(_ask(port, request, due, idle, waits)))
    await asyncio.gather(*asked)
    return waits


async def _ask(port: int, request: bytes, due: float, idle: list["Streams"], waits: Waits) -> None:
    try:
        streams = idle.pop() if idle else await _connect(port)
        streams.writer.write(request)
        status, _ = await asyncio.wait_for(answer(streams.reader), 30)
    except (OSError, EOFError, TimeoutError) as error:
        waits.statuses[type(error).__name__] += 1
        return
    waits.statuses[status] += 1
    if status == "200":
        waits.took_s.append(time.monotonic() - due)
    idle.append(streams)


# ── what attackers send ──


@dataclass(frozen=True)
class Streams:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        for at in range(0, len(data), PIECE_BYTES):
            self.writer.write(data[at : at + PIECE_BYTES])
            await self.writer.drain()


Attack = Callable[[Streams], Awaitable[str]]
"""One attempt on a new connection ─> how it ended: a status, or why there was none."""


def head(path: str, size: int | None, *lines: str, key: bool = True) -> bytes:
    """Write the head of a POST; without a `size` its body comes in chunks."""
    length = "transfer-encoding: chunked" if size is None else f"content-length: {size}"
    keys = [f"x-api-key: {KEY}"] if key and KEY else []
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: x", length, *keys, *lines, "", ""]).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read a whole answer."""
    lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
    size = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    return lines[0].split()[1].decode(), await reader.readexactly(size)


def half(size: int, *, key: bool = True) -> Attack:
    """Announce a body, send half of it, and wait."""

    async def attempt(streams: Streams) -> str:
        await streams.send(head("/predict", size, key=key) + b" " * (size // 2))
        return (await answer(streams.reader))[0]

    return attempt


async def half_chunked(streams: Streams) -> str:
    """Send half of what is allowed in chunks, and wait."""
    chunk = b"%x\r\n%b\r\n" % (PIECE_BYTES, b" " * PIECE_BYTES)
    await streams.send(head("/predict", None) + chunk * (BODY_BYTES // 2 // PIECE_BYTES))
    return (await answer(streams.reader))[0]


def whole(path: str, body: bytes, *lines: str) -> Attack:
    """Send a body that costs its reader more than its sender."""

    async def attempt(streams: Streams) -> str:
        await streams.send(head(path, len(body), *lines) + body)
        return (await answer(streams.reader))[0]

    return attempt


async def unread(streams: Streams) -> str:
    """Ask for large answers, and read none."""
    names = json.dumps({"inputs": [{"name": "x", "shape": [ROWS, COLUMNS], "datatype": "FP32",
                                    "parameters": {"binary_data_size": 4 * ROWS * COLUMNS}}],
                        "parameters": {"binary_data_output": True}}).encode()  # fmt: skip
    body = names + bytes(4 * ROWS * COLUMNS)
    request = head("/v2/models/echo/infer", len(body), f"inference-header-content-length: {len(names)}") + body
    await streams.send(request)
    await streams.send(request)
    while not streams.reader.at_eof():  # its buffer is full, so that nothing more is taken from the socket
        await asyncio.sleep(1)
        if streams.writer.is_closing():
            break
    return "closed"


def _bombs() -> list[Attack]:
    packed = "content-encoding: gzip"
    brackets = gzip.compress(b'{"instances":[' + b"[" * BODY_BYTES)
    blanks = gzip.compress(b" " * BODY_BYTES)
    pairs = gzip.compress(b'{"instances":[' + b"{}," * (BODY_BYTES // 3) + b"{}]}")
    lists = gzip.compress(b'{"instances":[' + b"[]," * (BODY_BYTES // 3) + b"[]]}")
    paths = ("/predict", "/v1/models/adult-income:predict", "/v2/models/adult-income/infer")
    return [whole(path, body, packed) for path in paths for body in (brackets, blanks, pairs, lists)]


def _heavy() -> list[Attack]:
    """Bodies that are not compressed, and hold as many small values as they can."""
    count = BODY_BYTES // 3
    bodies = [b'{"instances":[' + b"[" * (BODY_BYTES - 20), b'{"instances":[' + b"{}," * count + b"{}]}"]
    return [whole(path, body) for path in ("/predict", "/v1/models/adult-income:predict") for body in bodies]


ATTACKS: dict[str, Callable[[], list[Attack]]] = {
    "half": lambda: [half(BODY_BYTES)],
    "half-no-key": lambda: [half(BODY_BYTES, key=False)],
    "half-small": lambda: [half(SMALL_BYTES)],
    "half-chunked": lambda: [half_chunked],
    "bombs": _bombs,
    "heavy": _heavy,
    "unread": lambda: [unread],
}


async def attack(kind: str, port: int, seconds: float, callers: int, pause_s: float) -> Counter[str]:
    """Attack with so many callers at once for so long; return how their attempts ended."""
    attempts, seen, end = ATTACKS[kind](), Counter[str](), time.monotonic() + seconds

    async def caller(number: int) -> None:
        turn = number
        while time.monotonic() < end:
            seen[await _attempt(port, attempts[turn % len(attempts)], kind == "unread", end)] += 1
            turn += 1
            await asyncio.sleep(pause_s)

    await asyncio.gather(*map(caller, range(callers)))
    return seen


async def _attempt(port: int, attempt: Attack, narrow: bool, end: float) -> str:
    try:
        streams = await _connect(port, narrow=narrow)
    except OSError as error:
        await asyncio.sleep(0.1)
        return type(error).__name__
    try:
        return await asyncio.wait_for(attempt(streams), max(0.1, end - time.monotonic()))
    except TimeoutError:
        return "held to the end"
    except (OSError, EOFError) as error:
        return type(error).__name__
    finally:
        streams.writer.transport.abort()


async def _connect(port: int, *, narrow: bool = False) -> Streams:
    """Connect; a `narrow` one takes next to nothing, and reads nothing of its own accord."""
    sock = socket.socket()
    sock.setblocking(False)
    if narrow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no ports left in TIME_WAIT
    await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
    streams = Streams(*await asyncio.open_connection(sock=sock, limit=WINDOW_BYTES if narrow else 2**20))
    if narrow:
        streams.reader._transport.pause_reading()  # type: ignore[attr-defined]  # or asyncio reads ahead
    return streams


def main(kind: str, port: str, seconds: str, *rest: str) -> None:
    """Run one of the clients and print what it saw."""
    if kind == "open":
        waits = asyncio.run(open_loop(int(port), float(seconds), float(rest[0]), os.environ["HOSTILE_BODY"].encode()))
        print(json.dumps({"took_s": sorted(waits.took_s), "statuses": waits.statuses}))
    else:
        seen = asyncio.run(attack(kind, int(port), float(seconds), int(rest[0]), float(rest[1])))
        print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
