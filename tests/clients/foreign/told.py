"""What the clients in Python share: the plan that they are told, and the count of what they got.

    plan file ─> Plan: ways, asks ─> a client asks ─> Tally.judge(ask, status, version, text) ─> a line of JSON a way

It knows no client; it runs in the clients' environment, where there is neither pytest nor the service.
"""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Ask:
    """A request, and the text of its answer from a version of an odd and of an even number (#V#)."""

    method: str
    path: str
    how: str  # chunked, or with a length
    body: str
    odd: str
    even: str

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.method == "GET" else {"content-type": "application/json"}

    def pieces(self) -> Iterator[bytes]:
        """Give the body in two pieces, whose sum a client does not know before."""
        body = self.body.encode()
        yield body[: len(body) // 2]
        yield body[len(body) // 2 :]


class Plan:
    """What is to be asked, where, and how often."""

    def __init__(self, path: Path) -> None:
        self.ways: list[tuple[str, str]] = []  # name, address
        self.asks: list[Ask] = []
        self.told: dict[str, str] = {}
        for line in path.read_text().splitlines():
            name, *fields = line.split("\t")
            if name == "way":
                self.ways.append((fields[0], fields[1]))
            elif name == "ask":
                self.asks.append(Ask(*fields))
            else:
                self.told[name] = fields[0]
        self.requests, self.round = int(self.told["requests"]), int(self.told["round"])
        self.connections = int(self.told["connections"])

    def rounds(self) -> Iterator[Iterator[Ask]]:
        """Give the requests in rounds, each of which begins with new connections; several threads may take from one."""
        for first in range(0, self.requests, self.round):
            yield Shared(self.asks, first, min(first + self.round, self.requests))


class Shared(Iterator[Ask]):
    """The requests of a round, each of which one thread gets."""

    def __init__(self, asks: list[Ask], first: int, end: int) -> None:
        self._asks = asks
        self._numbers = iter(range(first, end))
        self._lock = threading.Lock()

    def __next__(self) -> Ask:
        with self._lock:
            return self._asks[next(self._numbers) % len(self._asks)]


@dataclass
class Tally:
    """What came back on one way."""

    way: str
    sent: int
    counts: dict[str, int] = field(default_factory=lambda: {"right": 0, "wrong": 0, "lost": 0})
    spoken: set[str] = field(default_factory=set)
    retries: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, ask: Ask, status: int, named: str | None, text: str) -> None:
        """Compare an answer with what the plan expects of the version that gave it; `named` is X-Slipway-Version."""
        version = (named or "/1").rpartition("/")[2]
        expected = (ask.odd if int(version) % 2 else ask.even).replace("#V#", version)
        right = status == 200 and text == expected
        self.count("right" if right else "wrong", f"{status} {text} and not {expected}")

    def lose(self, error: object) -> None:
        self.count("lost", repr(error))

    def count(self, outcome: str, why: str) -> None:
        with self._lock:
            self.counts[outcome] += 1
        if outcome != "right":
            print(f"{outcome}: {why}", file=sys.stderr)

    def say(self) -> None:
        spoken = " ".join(sorted(self.spoken))
        seen = {"way": self.way, "sent": self.sent, **self.counts, "retries": self.retries, "spoken": spoken}
        print(json.dumps(seen), flush=True)
