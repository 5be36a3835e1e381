"""Callers who count every answer: half of them keep their connection, half open one a request.

A request is answered, with 200 and a whole prediction, or it is lost; none is sent twice.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PATIENCE_S = 60.0
KEEP_ALIVE, NEW = KINDS = ("keep-alive", "new connection")


@dataclass
class Seen:
    """What the callers got: each request is answered or lost, and nothing is asked twice."""

    answered: Counter[str] = field(default_factory=Counter)  # by kind of caller
    lost: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


class Callers:
    """`count` callers of each kind; each waits for its answer, then `pause_s`, then asks again."""

    def __init__(self, port: int, body: bytes, *, count: int, pause_s: float, kinds: Sequence[str] = KINDS) -> None:
        self.seen = Seen()
        self._port = port
        self._body = body
        self._count = count
        self._pause_s = pause_s
        self._kinds = kinds
        self._stop = asyncio.Event()

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Seen]:
        """Call for as long as the block runs; every request that was begun is awaited."""
        ways = {KEEP_ALIVE: self._keep_alive, NEW: self._new_each_time}
        tasks = [asyncio.create_task(ways[kind]()) for kind in self._kinds for _ in range(self._count)]
        try:
            yield self.seen
        finally:
            self._stop.set()
            await asyncio.gather(*tasks)

    async def _new_each_time(self) -> None:
        while not self._stop.is_set():
            await self._ask(NEW, None)
            await asyncio.sleep(self._pause_s)

    async def _keep_alive(self) -> None:
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._stop.is_set():
            stream = await self._ask(KEEP_ALIVE, stream or await self._connect())
            await asyncio.sleep(self._pause_s)
        if stream is not None:
            stream[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _ask(
        self, kind: str, stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Send one request and count its answer; return the stream if it can take another."""
        seen, keep = self.seen, stream is not None
        try:
            reader, writer = stream = stream or await self._connect()
            writer.write(self._request(keep=keep))
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else await reader.read()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            seen.lost[kind] += 1
            seen.examples.append(f"{kind}: {error!r}")
            if stream is not None:
                stream[1].close()
            return None
        if b" 200 " in head.partition(b"\r\n")[0] and b'"predictions"' in body:
            seen.answered[kind] += 1
        else:
            seen.lost[kind] += 1
            seen.examples.append(f"{kind}: {head[:60]!r} {body[:200]!r}")
        if keep and b"connection: close" not in head.lower():
            return reader, writer
        writer.close()
        return None

    def _request(self, *, keep: bool) -> bytes:
        connection = b"" if keep else b"connection: close\r\n"
        head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n"
        return head % (connection, len(self._body)) + self._body
