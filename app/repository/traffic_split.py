"""Two versions at once: a canary answers a part of the requests, a shadow gets a copy of them and answers nobody.

    Traffic.choose(model, head)              who answers a request that names no version
    Traffic.mirror(model, body)              told of an answer ─> it goes out ─> the shadow runs ─> both are compared

A request of the shadow begins when its original is answered, and only while neither version has anything to do: it may
be left out, and never keeps anybody waiting in a queue.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Literal, Protocol

from app.batching.work import Work
from app.drift.sampling import Copied
from app.errors import RequestError
from app.features.rows import rows_of
from app.http.handler import Head
from app.repository.versions import Versions
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.version_policy import Canary, Shadow

COPY_MAX_BYTES = 65536  # of a body that a shadow gets: reading it once more is done on the loop
COPY_MAX_S = 1.0  # that a copy may wait
BUCKETS = 2**64

Kind = Literal["canary", "shadow"]
Mirror = Callable[[Answer], None]  # told of an answer before it goes out

log = logging.getLogger("slipway.traffic")


class Compared(Protocol):
    """Where it is counted what a shadow did; see `app.metrics.service_metrics`."""

    def shadowed(self, model: Model, outcome: str) -> None:
        """A copy was answered, failed, or was left out because there was no time for it."""

    def compared(self, model: Model, seconds: float, agreed: list[bool], difference: float) -> None:
        """A copy was answered: whether each row has the label that the caller got, and the largest difference."""


@dataclass(frozen=True)
class Split:
    """A canary that is loaded, beside the version that answers otherwise."""

    rule: Canary
    canary: Model
    headers: tuple[tuple[bytes, bytes], ...]  # of which one is enough
    key: bytes
    salt: bytes  # so that it is not always the same callers who try what is new


class Traffic:
    """Who gets what part of the traffic: model -> the version that answers a part of its requests, or gets a copy."""

    def __init__(self, canaries: Mapping[str, Canary], shadows: Mapping[str, Shadow], counts: Compared) -> None:
        self.canaries = dict(canaries)
        self.shadows = dict(shadows)
        self._rules: dict[Kind, dict[str, Any]] = {"canary": self.canaries, "shadow": self.shadows}
        self._counts = counts
        self._splits: dict[str, Split] = {}
        self._copies: dict[str, Copies] = {}

    def apart(self, name: str) -> set[int]:
        """The versions of a model that get their traffic from here, and must not be promoted for being the newest."""
        return {rules[name].version for rules in self._rules.values() if name in rules}

    def rules(self, kind: Kind) -> dict[str, Any]:
        """Model -> `Canary` or `Shadow`; whoever changes it calls `resolve`."""
        return self._rules[kind]

    def divides(self, kind: Kind, name: str) -> bool:
        """True when the rule of a model is in force: both versions are loaded."""
        return name in (self._splits if kind == "canary" else self._copies)

    def forget(self, name: str, version: int) -> None:
        """A version answers everybody now."""
        for rules in self._rules.values():
            if name in rules and rules[name].version == version:
                del rules[name]

    def resolve(self, lines: Mapping[str, Versions]) -> bool:
        """Find the models of the rules; call it after each change. False when nothing is divided."""
        splits = {name: _beside(lines.get(name), rule.version) for name, rule in self.canaries.items()}
        copies = {name: _beside(lines.get(name), rule.version) for name, rule in self.shadows.items()}
        self._splits = {name: _split(self.canaries[name], pair[1]) for name, pair in splits.items() if pair}
        shares = {name: rule.share for name, rule in self.shadows.items()}
        self._copies = {name: Copies(*pair, shares[name], self._counts) for name, pair in copies.items() if pair}
        return bool(self._splits or self._copies)

    def choose(self, model: Model, head: Head) -> Model:
        """Return who answers in the place of `model`, which is the version that serves."""
        split = self._splits.get(model.name)
        return split.canary if split is not None and _falls_to_canary(split, head) else model

    def mirror(self, model: Model, body: bytes) -> Mirror | None:
        """Return what is told of the answer to a request, so that the shadow of `model` gets a copy; None for none."""
        copies = self._copies.get(model.name)
        if copies is None or model is not copies.serving or random.random() >= copies.share:  # noqa: S311
            return None
        return partial(copies.after, body)


class Copies:
    """The requests of one version, sent once more to another."""

    def __init__(self, serving: Model, shadow: Model, share: float, counts: Compared) -> None:
        self.serving = serving
        self.share = share
        self._shadow = shadow
        self._counts = counts
        self._loop = asyncio.get_running_loop()

    def after(self, body: bytes, answer: Answer) -> None:
        """Make the copy in the next turn of the loop.

        It is asked for before the answer goes out: a caller who waits on this loop would send its next request before.
        """
        self._loop.call_soon(self._copy, body, answer)

    def _copy(self, body: bytes, answer: Answer) -> None:
        shadow = self._shadow
        if len(body) > COPY_MAX_BYTES or not shadow.batcher.idle or self.serving.batcher.queue.rows:
            self._counts.shadowed(shadow, "dropped")
            return
        started = monotonic()
        try:
            found = shadow.row_reader.decode(body)
            rows = rows_of(found.features, found, Copied)
            work = Copy(
                rows=rows,
                size=len(rows),
                submitted=started,
                deadline=started + COPY_MAX_S,
                key=Copy,  # of its own: copies share no run with requests, for they are not counted as traffic
                size_bytes=len(body),
                taken_by=partial(self._compare, answer, started),
                failed=self._failed,
            )
            shadow.batcher.submit(work)
        except RequestError as error:
            self._failed(error)

    def _compare(self, theirs: Answer, started: float, ours: Answer) -> None:
        seconds = monotonic() - started
        assert self._shadow.answer is not None  # both have a manifest, or there would be no rows
        assert self.serving.answer is not None
        agreed, difference = self._shadow.answer.compare(ours.outputs, self.serving.answer, theirs.outputs)
        self._counts.shadowed(self._shadow, "answered")
        self._counts.compared(self._shadow, seconds, agreed, difference)

    def _failed(self, error: RequestError) -> None:
        log.debug("A copy failed: %s", error)
        self._counts.shadowed(self._shadow, "failed")


class Copy(Work, kw_only=True):
    """A copy on its way through the shadow's batcher."""

    taken_by: Callable[[Answer], None]
    failed: Callable[[RequestError], None]

    def resolve(self, answer: Answer) -> None:
        self.taken_by(answer)

    def join(self, parts: list[Any]) -> Answer:
        return Answer.join(parts)

    def reject(self, error: RequestError) -> None:
        self.failed(error)


def _beside(line: Versions | None, version: int) -> tuple[Model, Model] | None:
    """The version that serves and the other one, if both are loaded."""
    entry = None if line is None else line.entries.get(version)
    if line is None or line.current is None or entry is None or entry.model in (None, line.current):
        return None
    return line.current, entry.model


def _split(rule: Canary, canary: Model) -> Split:
    headers = tuple([(name.lower().encode(), value.encode()) for name, value in rule.match.items()])
    return Split(rule, canary, headers, rule.key.lower().encode(), f"{canary.name}/{rule.version}/".encode())


def _falls_to_canary(split: Split, head: Head) -> bool:
    """By a header that says so; by the caller's key, so that each stays on one side; or by chance."""
    if any(head.header(name) == value for name, value in split.headers):
        return True
    key = head.header(split.key) if split.key else b""
    if not key:
        return random.random() < split.rule.share  # noqa: S311
    digest = hashlib.blake2b(split.salt + key, digest_size=8).digest()
    return int.from_bytes(digest, "big") < split.rule.share * BUCKETS
