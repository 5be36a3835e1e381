"""What an operator may ask for: load, unload, rollback, canary, shadow.

    Operations(reloader, models)   one change at a time, a rollback at any; each ends when it is done, or raises
                                   and leaves all as it was

What is asked for by hand holds until there is something new: whatever lies in the folder at that moment is not promoted
by the watch any more. It knows nothing of HTTP.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from app.errors import BundleError, Conflict, NotFound
from app.repository.folder_scan import Content, look
from app.repository.reloader import Reloader
from app.repository.traffic_split import Kind
from app.repository.versions import Entry, Versions
from app.runtime.model import Model
from app.version_policy import Canary, Shadow

log = logging.getLogger("slipway.operations")

CONTENTS_S = 0.5  # that a rollback waits for the disk


class Operations:
    """The verbs, on what `reloader` fills from the folder `models`."""

    def __init__(self, reloader: Reloader, models: Path, patience_s: float | None = None) -> None:
        self._patience_s = patience_s  # that a verb waits for another change
        self._reloader = reloader
        self._registry = reloader.registry
        self._models = models

    async def load(self, name: str, version: int | None = None) -> Model:
        """Load a version and let it answer; without a number the one that the policy asks for.

        Raises `NotFound` when there is none, `Conflict` when it cannot be loaded; whoever answered before goes on.
        """
        async with self._turn():
            contents = await self._contents(name, version)
            line = await self._line(name)
            entry = await self._load_newest(line) if version is None else await self._load_one(line, version, contents)
            if entry is None or entry.model is None or entry.reason:
                raise Conflict(entry.reason if entry is not None else f"No version of `{name}` is asked for.")
            return entry.model

    async def unload(self, name: str, version: int | None = None) -> None:
        """Take a version, or all of a model, out of service, until its content changes or it is loaded by hand.

        Raises `NotFound` when there is no such version.
        """
        async with self._turn():
            line = self._registry.line(name, version)
            contents = await self._contents_left(name)
            line.held |= {found: content for found, content in contents.items() if version in (None, found)}
            line.unload(version, contents)
            log.info("Unloaded by hand: %s", name if version is None else f"{name}/{version}")
            self._reloader.clean_up()

    async def reload(self) -> None:
        """Look at the folder now; raises `Conflict` while a load keeps it waiting for too long."""
        async with self._turn():
            await self._reloader.look_by_hand()

    async def rollback(self, name: str) -> Model:
        """Let the version answer that answered before; raises `Conflict` without one, `NotFound` without the model.

        It waits for nobody: a version of the model that is being loaded is given up, whatever it does.
        """
        line = self._registry.line(name)
        contents = await self._contents_soon(name, line)
        model = line.before()
        if model is None:
            raise Conflict(f"Model `{name}` has no version to go back to: none is kept.")
        line.held = contents
        loading = self._reloader.loading
        if loading is not None and loading.name == name:
            loading.give_up(f"Model `{name}` was rolled back meanwhile.")
        self._reloader.swap(line, model)
        self._reloader.clean_up()
        return model

    async def divide(self, kind: Kind, name: str, rule: Canary | Shadow | None) -> None:
        """Give a version a share of the traffic, or a copy of it, and load it if need be; None ends that.

        Raises `NotFound` when there is no such version, or nothing to end; `Conflict` when it cannot be loaded, or no
        other serves.
        """
        registry, rules = self._registry, self._registry.division.rules(kind)
        async with self._turn():
            if rule is None and name not in rules:
                raise NotFound(f"Model `{name}` has no {kind}.")
            contents = await self._contents(name, None if rule is None else rule.version)
            line = await self._line(name)
            before = rules.pop(name, None)
            if before is not None and before.version in contents:
                line.held[before.version] = contents[before.version]
            if rule is not None:
                rules[name] = rule
                line.held.pop(rule.version, None)
            await self._reloader.look(by_hand=True, only=name)
            if rule is not None and not registry.division.divides(kind, name):
                entry = line.entries.get(rule.version)
                del rules[name]
                line.held[rule.version] = contents[rule.version]
                await self._reloader.look(by_hand=True, only=name)
                raise Conflict((entry and entry.reason) or f"Model `{name}` has no other version that serves.")

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Hold the lock of changes; raises `Conflict` when a load keeps it for longer than any request may take."""
        changing = self._reloader.changing
        try:
            async with asyncio.timeout(self._patience_s):
                await changing.acquire()
        except TimeoutError as error:
            why = self._reloader.loading or "another change is under way"
            raise Conflict(f"Not now: {why}; a rollback does not wait for it.") from error
        try:
            yield
        finally:
            changing.release()

    async def _line(self, name: str) -> Versions:
        """The versions of a model that is in the folder, whether or not it was seen before."""
        if not any(line.name == name for line in self._registry.lines):
            await self._reloader.look(by_hand=True, only=name)
        return self._registry.line(name)

    async def _load_newest(self, line: Versions) -> Entry | None:
        line.held.clear()
        for entry in line.entries.values():
            entry.revive()
        await self._reloader.look(by_hand=True, only=line.name)
        return line.newest()

    async def _load_one(self, line: Versions, version: int, contents: dict[int, Content]) -> Entry:
        line.looked |= contents
        entry = line.entries.setdefault(version, Entry(line.name, version))
        line.wanted.add(version)  # until the next look; a refusal is shown at least so long
        if entry.model is None or entry.content != contents[version]:
            entry.revive()
            await self._reloader.try_load(line, entry, by_hand=True)
        if entry.model is not None and not entry.reason:
            self._registry.division.forget(line.name, version)
            line.apart, line.held = self._registry.division.apart(line.name), contents
            self._reloader.swap(line, entry.model)
        self._reloader.clean_up()
        return entry

    async def _contents(self, name: str, version: int | None) -> dict[int, Content]:
        """What each version of a model consists of, wanted or not; raises `NotFound` without the one that is named."""
        try:
            sight = await self._reloader.loader.run(partial(look, self._models, lambda _, found: found))
        except BundleError as error:
            raise NotFound(str(error)) from error
        if name not in sight:
            raise NotFound(f"Unknown model: expected one of {', '.join(sight)}.", f"`{name[:200]}`")
        if version is not None and version not in sight[name]:
            found = ", ".join(map(str, sight[name]))
            raise NotFound(f"Unknown version of `{name}`: expected one of {found}.", str(version))
        return sight[name]

    async def _contents_soon(self, name: str, line: Versions) -> dict[int, Content]:
        """The same as far as it is known, where the disk does not answer."""
        try:
            async with asyncio.timeout(CONTENTS_S):
                return await self._contents_left(name)
        except TimeoutError:
            return dict(line.looked)

    async def _contents_left(self, name: str) -> dict[int, Content]:
        """The same for a model that is loaded, although it may be gone from the folder."""
        try:
            return await self._contents(name, None)
        except NotFound:
            return {}
