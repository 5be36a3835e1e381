"""The library `aiohttp`: tasks that share one session and its few connections.

.venv/clients/bin/python -m tests.clients.foreign.aiohttp_client PLAN
"""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp  # type: ignore[import-not-found,unused-ignore]

from tests.clients.foreign.told import PATIENCE_S, Ask, Plan, Tally

LARGE = 65_536  # bytes before which it asks whether they are wanted


async def pieces(one: Ask) -> AsyncIterator[bytes]:
    for piece in one.pieces():
        yield piece


async def work(session: aiohttp.ClientSession, address: str, asks: Iterator[Ask], tally: Tally) -> None:
    for one in asks:
        try:
            await ask(session, address, one, tally)
        except (aiohttp.ClientError, TimeoutError) as error:
            tally.lose(error)


async def ask(session: aiohttp.ClientSession, address: str, one: Ask, tally: Tally) -> None:
    data = pieces(one) if one.how == "chunked" else one.body.encode() or None
    url, large = address + one.path, len(one.body) > LARGE
    async with session.request(one.method, url, data=data, headers=one.headers, expect100=large) as answer:
        tally.spoken.add(f"{answer.version.major}.{answer.version.minor}")
        tally.judge(one, answer.status, answer.headers.get("x-slipway-version"), await answer.text())


async def main() -> None:
    plan = Plan(Path(sys.argv[1]))
    tls = ssl.create_default_context(cafile=plan.told["authority"])
    tls.load_cert_chain(plan.told["certificate"], plan.told["key"])
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    for name, address in plan.ways:
        tally = Tally(name, plan.requests)
        for asks in plan.rounds():
            connector = aiohttp.TCPConnector(limit=plan.connections, ssl=tls)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                await asyncio.gather(*(work(session, address, asks, tally) for _ in range(plan.connections)))
        tally.say()


asyncio.run(main())
