"""How long others wait while a large body is read, by the way of reading: the table of docs/decisions/0015.

    python -m benchmarks.micro.large_bodies [--megabytes 16] [--columns 512] [--rounds 7]

A task that wants to run each millisecond, as a small request would, notes how late it is while one body is read:
at once, at once in a thread, in portions in a thread, and in portions on the event loop, as the service does.
"""

import argparse
import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import uvloop

from app.codecs.chunks import read_rows

PERIOD_S = 0.001
Rows = list[bytes]
Way = Callable[[], Awaitable[int]]


class Reader:
    """A body and the ways to read it; each returns how many rows there were."""

    def __init__(self, megabytes: float, columns: int) -> None:
        row = [round(float(value), 6) for value in np.random.default_rng(0).normal(size=columns)]
        text = json.dumps(row).encode()
        self._found = 0  # rows, by the last reading
        self._count = int(megabytes * 1e6 / len(text))
        self._body = b'{"instances":[%b]}' % b",".join([text] * self._count)
        rows: Any = list[tuple[(float,) * columns]]  # type: ignore[misc]  # a type made at run time
        self._decoder: Any = msgspec.json.Decoder(msgspec.defstruct("Request", [("instances", rows)]))
        self._pack = struct.Struct(f"={columns}f").pack

    def _read(self, body: bytes) -> Rows:
        """As `app.features.table` reads rows of numbers."""
        return [self._pack(*row) for row in self._decoder.decode(body).instances]

    def _steps(self) -> Iterator[None]:
        """Read it in portions, one a step."""
        steps = read_rows(self._body, self._count, self._read, len, lambda parts: [r for part in parts for r in part])
        self._found = len((yield from steps))

    def _in_portions(self) -> int:
        for _ in self._steps():
            pass
        return self._found

    async def at_once(self) -> int:
        return len(self._read(self._body))

    async def in_a_thread(self) -> int:
        return len(await asyncio.to_thread(self._read, self._body))

    async def in_portions_in_a_thread(self) -> int:
        return await asyncio.to_thread(self._in_portions)

    async def in_portions_on_the_loop(self) -> int:
        for _ in self._steps():
            await asyncio.sleep(0)
        return self._found


async def measure(way: Way) -> tuple[float, float, float]:
    """Return the milliseconds that reading took, and the median and the longest of how late the other task was."""
    late_s: list[float] = []

    async def tick() -> None:
        while True:
            due = perf_counter() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            late_s.append(perf_counter() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    late_s.clear()
    began = perf_counter()
    await way()
    took_s = perf_counter() - began
    await asyncio.sleep(2 * PERIOD_S)
    ticking.cancel()
    return took_s * 1e3, median(late_s) * 1e3, max(late_s) * 1e3


async def compare(reader: Reader, rounds: int) -> None:
    """Print the table; the ways take turns."""
    ways = [reader.at_once, reader.in_a_thread, reader.in_portions_in_a_thread, reader.in_portions_on_the_loop]
    found: dict[str, list[tuple[float, float, float]]] = {way.__name__: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            found[way.__name__].append(await measure(way))
    print("| the body is read | ms in all | others late, median ms | longest ms |\n|---|---|---|---|")
    for name, times in found.items():
        took, middle, longest = (median(column) for column in zip(*times, strict=True))
        print(f"| {name.replace('_', ' ')} | {took:.0f} | {max(0.0, middle):.2f} | {longest:.1f} |")


def main() -> None:
    """Measure on one event loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=16)
    parser.add_argument("--columns", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    uvloop.run(compare(Reader(arguments.megabytes, arguments.columns), arguments.rounds))


if __name__ == "__main__":
    main()
