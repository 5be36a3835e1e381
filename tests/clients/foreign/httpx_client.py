"""The library `httpx`: tasks that share one client and its few connections.

.venv/clients/bin/python -m tests.clients.foreign.httpx_client PLAN
"""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx

from tests.clients.foreign.told import PATIENCE_S, Ask, Plan, Tally


async def pieces(one: Ask) -> AsyncIterator[bytes]:
    for piece in one.pieces():
        yield piece


async def work(client: httpx.AsyncClient, asks: Iterator[Ask], tally: Tally) -> None:
    for one in asks:
        content = pieces(one) if one.how == "chunked" else one.body.encode()
        try:
            answer = await client.request(one.method, one.path, content=content, headers=one.headers)
        except httpx.HTTPError as error:
            tally.lose(error)
            continue
        tally.spoken.add(answer.http_version.removeprefix("HTTP/"))
        tally.judge(one, answer.status_code, answer.headers.get("x-slipway-version"), answer.text)


async def main() -> None:
    plan = Plan(Path(sys.argv[1]))
    tls = ssl.create_default_context(cafile=plan.told["authority"])
    tls.load_cert_chain(plan.told["certificate"], plan.told["key"])
    limits = httpx.Limits(max_connections=plan.connections)
    for name, address in plan.ways:
        tally = Tally(name, plan.requests)
        for asks in plan.rounds():
            async with httpx.AsyncClient(base_url=address, verify=tls, limits=limits, timeout=PATIENCE_S) as client:
                await asyncio.gather(*(work(client, asks, tally) for _ in range(plan.connections)))
        tally.say()


asyncio.run(main())
