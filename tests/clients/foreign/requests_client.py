"""The library `requests`: a few threads, each with a session that keeps its connection.

    .venv/clients/bin/python -m tests.clients.foreign.requests_client PLAN

It sees no retry: urllib3 looks whether a kept connection was closed before it sends, and sends nothing twice.
"""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import requests  # type: ignore[import-untyped,unused-ignore]

from tests.clients.foreign.told import PATIENCE_S, Ask, Plan, Tally


def work(plan: Plan, address: str, asks: Iterator[Ask], tally: Tally) -> None:
    with requests.Session() as session:
        session.cert = (plan.told["certificate"], plan.told["key"])
        for one in asks:
            try:
                ask(session, plan.told["authority"], address + one.path, one, tally)
            except requests.RequestException as error:
                tally.lose(error)


def ask(session: requests.Session, authority: str, url: str, one: Ask, tally: Tally) -> None:
    data = one.pieces() if one.how == "chunked" else one.body.encode()
    # Said with each request: an authority of the session would give way to one that the environment names.
    answer = session.request(one.method, url, data=data, headers=one.headers, timeout=PATIENCE_S, verify=authority)
    tally.spoken.add({10: "1.0", 11: "1.1"}[answer.raw.version])
    tally.judge(one, answer.status_code, answer.headers.get("x-slipway-version"), answer.content.decode())


def main() -> None:
    plan = Plan(Path(sys.argv[1]))
    for name, address in plan.ways:
        tally = Tally(name, plan.requests)
        for asks in plan.rounds():
            threads = [
                threading.Thread(target=work, args=(plan, address, asks, tally)) for _ in range(plan.connections)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        tally.say()


main()
