"""From the models folder to what the registry holds, at the start and whenever the folder changes.

    load_all()              what there is ─> `app.repository.loader` ─> ready, or failed with the reason
    watch(), reload()       again, for what has changed; what serves goes on until its successor is warm
    try_load(…)             one version: wait for who still writes it ─> load ─> serve it, or refuse it
    clean_up()              who answers nobody finishes what it has and is freed

A swap is one reference (`app.repository.versions`), and the version that was replaced is kept for a rollback. Loading
happens in a thread, so that requests are answered meanwhile. It knows nothing of HTTP.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from pathlib import Path

from app.bundle.signature import complete
from app.errors import BundleError
from app.http.byte_budget import ByteBudget
from app.repository.child_load import ChildRefusal
from app.repository.folder_scan import Content, content, look
from app.repository.loader import Loader, LoadTimeout
from app.repository.loading import GivenUp, Loading
from app.repository.older_version import load_older
from app.repository.registry import Registry
from app.repository.versions import ABSENT, Entry, Versions
from app.runtime.model import Model, Observer
from app.settings import Settings
from app.version_policy import Policy

log = logging.getLogger("slipway.registry")


class Reloader:
    """Keeps the registry as the models folder is."""

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        observe: Callable[[Model], Observer],  # makes the observer of a model's batcher once it is ready
        loaded: Callable[[Entry, bool], None],  # told of every load that has ended, and whether it ended well
        # told of a version that is no more; its model, if it had one, is about to be freed
        retired: Callable[[Entry, Model | None], None] = lambda entry, model: None,
        passed_over: Callable[[Entry], None] = lambda entry: None,  # told of a version that an older one stands in for
        loader: Loader | None = None,
    ) -> None:
        self.registry = registry
        self._settings = settings
        self._observe = observe
        self._loaded = loaded
        self._retired = retired
        self._passed_over = passed_over
        self._ending = ""  # why nothing is loaded any more
        self._policy = Policy(settings.versions)
        self._serving: set[Model] = set()  # started and not yet retired
        self._tasks: set[asyncio.Task[None]] = set()  # retirements, and a reload that a signal asked for
        self._asked = False  # a reload by a signal has not begun yet
        self.loader = loader or Loader(settings, ByteBudget())
        self.loading: Loading | None = None
        self.changing = asyncio.Lock()  # one change at a time

    async def load_all(self) -> None:
        """Load every version that the policy asks for; a failure is kept as the reason, never raised."""
        await self.reload()
        self.registry.finished.set()

    async def reload(self) -> None:
        """Look now, try again what failed, and miss at once what is gone."""
        async with self.changing:
            await self.look_by_hand()

    async def look_by_hand(self) -> None:
        """Do so while `changing` is held."""
        self._asked = False
        await self.look(by_hand=True)

    def reload_soon(self) -> None:
        """The same from a signal; those that come before it begins are one."""
        if not self._asked:
            self._asked = True
            self._begin(self.reload(), "reload")

    async def watch(self) -> None:
        """Look again and again, as often as the settings say, until cancelled."""
        while self._settings.watch_s:
            await asyncio.sleep(self._settings.watch_s)
            try:
                async with self.changing:
                    await self.look()
            except Exception:  # the watch must outlive whatever a file system comes up with
                log.exception("A look at %s failed.", self._settings.models)

    async def look(self, *, by_hand: bool = False, only: str | None = None) -> None:
        """Take what the folder holds, load what is new, and let the newest answer; hold `changing` meanwhile.

        `by_hand` says that somebody asks for it, and has finished writing; `only` is the one model to look at.
        """
        try:
            sight = await self.loader.run(partial(look, self._settings.models, self._relevant))
        except BundleError as error:  # a volume that is gone for a moment must not take the service with it
            if self.registry.fault != str(error):
                log.error("%s", error)
            self.registry.fault = str(error)
            return
        self.registry.fault = ""
        names = sorted({*sight, *self.registry.by_name}) if only is None else [only]
        lines = [self.registry.by_name.setdefault(name, Versions(name)) for name in names]
        for line in lines:
            line.apart = self.registry.division.apart(line.name)
            line.see(sight.get(line.name), self._policy, by_hand=by_hand, required=not self.registry.finished.is_set())
        for line in lines:
            for entry in line.due(by_hand=by_hand):
                await self.try_load(line, entry, by_hand=by_hand)
            newest = line.newest()
            if newest is not None and newest.model is not None:
                self.swap(line, newest.model)
            if self._settings.start_with_older and not self.registry.finished.is_set():
                await self._start_with_older(line)
            self.clean_up()

    async def _start_with_older(self, line: Versions) -> None:
        """Let an older version answer where the newest was refused, and say so; it must prove itself like any other."""
        if self._policy.names_numbers(line.name):
            return
        if line.current is None:
            older = line.newest_loaded() or await load_older(self, line, self._settings.models / line.name)
            if older is None:
                return
            self.swap(line, older)
        for entry in line.pass_over():
            log.error("Started without %s/%d, which was refused: %s", entry.name, entry.version, entry.reason)
            self._passed_over(entry)

    def _relevant(self, name: str, found: list[int]) -> Iterable[int]:
        """The versions whose content matters: those wanted, were some not held back, and those held back."""
        line = self.registry.by_name.get(name)
        held = line.held.keys() & set(found) if line is not None else set()
        apart = self.registry.division.apart(name) & set(found)
        choose = partial(self._policy.choose, name, found)
        return choose(apart) | choose(held | apart) | held | apart

    async def try_load(self, line: Versions, entry: Entry, *, by_hand: bool) -> None:
        """Load what lies there now, unless somebody is still writing it; the entry says what became of it."""
        found = line.looked.get(entry.version, ABSENT)
        settled = by_hand or entry.seen == found
        entry.seen = found
        if not found.declared and not by_hand and (found.unfinished or not settled):
            received = found.unfinished or "a change"
            entry.wait(f"{found.place}: expected whole files, the same at two looks. Received: {received}.")
            return
        try:
            model = await self._load(line, entry, found)
        except GivenUp as error:
            log.warning("Not loaded: %s/%d: %s", entry.name, entry.version, error)
            entry.wait(str(error))
            return
        except BundleError as error:
            if not settled and not await self._complete(entry, error):
                entry.wait(str(error))
                return
            self._refuse(entry, error, found)
        except Exception as error:
            log.exception("Not served: %s/%d", entry.name, entry.version)
            entry.refuse(f"{self._folder(entry)}: {type(error).__name__}: {error}", found)
        else:
            self._serve(entry, model, found)
        self._loaded(entry, not entry.reason)

    def _refuse(self, entry: Entry, error: BundleError, found: Content) -> None:
        if isinstance(error, LoadTimeout) and not self.registry.finished.is_set():
            self.loader.end(str(error))
        log.error("Not served: %s/%d: %s", entry.name, entry.version, error)
        entry.refuse(str(error), found)

    def _serve(self, entry: Entry, model: Model, found: Content) -> None:
        model.start(self._observe(model), self._settings)
        self._serving.add(model)
        entry.serve(model, found)
        log.info("Loaded %s/%d: %s. %s", entry.name, entry.version, model.decision, model.facts.remark)

    async def _load(self, line: Versions, entry: Entry, found: Content) -> Model:
        """Load it, unless meanwhile it is another content, or held back: raises `GivenUp` then."""
        if self._ending:
            raise GivenUp(self._ending)
        folder = self._folder(entry)
        changed = f"{folder}: expected to stay as it is while it is loaded. Received: a change."

        async def outdated() -> str:
            if line.held.get(entry.version) == found:
                return f"{folder}: held back by hand meanwhile."
            return "" if await self.loader.run(partial(content, folder)) == found else changed

        work = self.loader.load(folder, quietly=self._quietly(line), apart=self._apart)
        entry.begin()
        task = asyncio.create_task(work, name=f"load {entry.name}/{entry.version}")
        self.loading = Loading(entry.name, entry.version, task, self._settings.watchdog_s)
        try:
            model = await self.loading.outcome(outdated)
        finally:
            self.loading = None
        if await self.loader.run(partial(content, folder)) != found:
            raise GivenUp(changed)
        return model

    def _folder(self, entry: Entry) -> Path:
        return self._settings.models / entry.name / str(entry.version)

    @property
    def _apart(self) -> bool:
        """Whether a load must harm nobody: others are served, or an older version would be."""
        return self._settings.load_in_child and (self.registry.finished.is_set() or self._settings.start_with_older)

    async def _complete(self, entry: Entry, error: BundleError) -> bool:
        """Whether all files of a version that was refused had arrived."""
        if isinstance(error, ChildRefusal):
            return error.complete
        return await self.loader.run(partial(complete, self._folder(entry), self._settings.verify_key))

    def _quietly(self, line: Versions) -> bool:
        """Whether to load behind the requests: once there are any, and if the model is not known to need more threads.

        Until the first load has ended nobody sends requests here, and somebody waits for it.
        """
        serving = self.registry.finished.is_set() and bool(self._serving)
        return serving and (line.current is None or line.current.decision.threads == 1)

    def swap(self, line: Versions, model: Model) -> None:
        """Let `model` answer from now on."""
        before = line.current
        if line.promote(model):
            instead = "" if before is None else f" instead of {before.name}/{before.version}"
            log.info("Serving %s/%d%s.", model.name, model.version, instead)

    def clean_up(self) -> None:
        """Forget what nobody may ask any more, and free it once it is idle."""
        dropped = {(entry.name, entry.version): entry for line in self.registry.lines for entry in line.sweep()}
        self.registry.by_name = {name: line for name, line in self.registry.by_name.items() if line.entries}
        self.registry.refresh()
        alive = {model for line in self.registry.lines for model in line.alive}
        for model in self._serving - alive:
            entry = dropped.pop((model.name, model.version), None) or Entry(model.name, model.version)
            self._begin(self._let_go(entry, model), f"retire {model.name}/{model.version}")
        self._serving &= alive
        for entry in dropped.values():
            self._retired(entry, None)

    async def _let_go(self, entry: Entry, model: Model) -> None:
        await self.loader.drain(model)
        self._retired(entry, model)
        log.info("Freed %s/%d.", model.name, model.version)
        await self.loader.free(model)

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def stuck(self) -> bool:
        """Whether a load lasts longer than most do, or hangs in a thread that was left."""
        left = self.loader.left if self.loading is None else []
        return bool(left) or (self.loading is not None and self.loading.slow)

    def end_loads(self) -> None:
        """Load nothing more, and do not wait for what is being loaded: the process ends."""
        self._ending = "The process is ending."
        if self.loading is not None:
            self.loading.give_up(self._ending)

    def stop(self) -> None:
        """Free the models' threads."""
        for task in self._tasks:
            task.cancel()
        for model in self._serving:
            model.stop()
        self.loader.stop()
