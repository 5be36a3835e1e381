"""The versions of one model: which answers, which is kept for a rollback, and which does not serve and why.

    see(contents, …)     what the folder holds now ─> which versions are wanted
    due(), newest()      which to load, and which should answer
    promote(model)       swap one reference; the one before is kept
    alive                the models that may still be asked

Nothing here loads, waits or frees: that is for `app.repository.registry`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from app.printable import bounded
from app.repository.folder_scan import Content
from app.runtime.model import Model
from app.version_policy import Policy

State = Literal["loading", "ready", "waiting", "failed", "unloaded"]
ABSENT = Content("", ())


@dataclass(eq=False)
class Entry:
    """One version, whatever became of it.

    A version that serves stays `ready` while a newer content of it waits or was refused; the reason says so.
    """

    name: str
    version: int
    state: State = "loading"
    reason: str = ""
    model: Model | None = None
    required: bool = False  # without it the process is not ready
    passed_over: bool = False  # refused at the start, and an older version answers instead
    content: Content | None = None  # that was loaded, refused or unloaded
    seen: Content | None = None  # when it was last tried: content that is still the same is nobody's to finish

    def begin(self) -> None:
        """It is being loaded."""
        if self.model is None:
            self.state, self.reason = "loading", ""

    def serve(self, model: Model, content: Content) -> None:
        self.state, self.reason, self.model, self.content = "ready", "", model, content
        self.passed_over = False

    def refuse(self, reason: str, content: Content) -> None:
        """It never serves, until its content changes."""
        self.content = content
        self._say("failed", reason, "Refused, and what was loaded before goes on: ")

    def wait(self, reason: str) -> None:
        """It is left alone until it is complete."""
        self._say("waiting", reason, "Not complete yet, and what was loaded before goes on: ")

    def unload(self, content: Content | None) -> None:
        """It is not to serve, until its content changes or somebody asks for it."""
        self.state, self.reason, self.model, self.content = "unloaded", "Unloaded by hand.", None, content
        self.required = False

    def revive(self) -> None:
        """Somebody asks for it, whatever became of it before."""
        if self.model is None:
            self.state, self.reason, self.content = "loading", "", None

    def _say(self, state: State, reason: str, beside: str) -> None:
        if self.model is None:
            self.state, self.reason = state, bounded(reason)
        else:
            self.reason = bounded(beside + reason)


@dataclass(eq=False)
class Versions:
    """Of one name."""

    name: str
    entries: dict[int, Entry] = field(default_factory=dict)
    current: Model | None = None  # answers who names no version
    previous: Model | None = None  # answered before; kept for a rollback
    held: dict[int, Content] = field(default_factory=dict)  # not to be promoted while they are what they are
    apart: Collection[int] = ()  # versions that get a share or a copy of the traffic, and are not promoted
    wanted: set[int] = field(default_factory=set)
    looked: dict[int, Content] = field(default_factory=dict)
    _before: dict[int, Content] | None = None  # what the last look saw

    def see(self, contents: dict[int, Content] | None, policy: Policy, *, by_hand: bool, required: bool) -> None:
        """Take the `contents` of the versions that matter; None when the folder is gone.

        A version that is not there any more is missed only at the second look: somebody may be replacing it. If
        `by_hand`, somebody asked for this one, and has finished. New versions may be `required` to serve for the
        process to be ready.
        """
        gone = contents is None and (by_hand or self._before is None)
        now = contents or {}
        self.looked = now if by_hand else {**(self._before or {}), **now}
        self._before = contents
        self.held = {version: held for version, held in self.held.items() if self.looked.get(version) == held}
        if gone:
            self.wanted, self.held = set(), {}
            self.current = self.previous = None
            return
        passed_over = self.held.keys() | set(self.apart)
        self.wanted = policy.choose(self.name, self.looked, passed_over) if self.looked else set()
        self.wanted |= set(self.apart) & self.looked.keys()
        for version in sorted(self.wanted):
            self.entries.setdefault(version, Entry(self.name, version, required=required))

    def due(self, *, by_hand: bool) -> list[Entry]:
        """List the versions to load: those not tried as they are now, and by hand those that failed as well."""
        wanted = [self.entries[version] for version in sorted(self.wanted)]
        return [entry for entry in wanted if self._is_due(entry, by_hand)]

    def _is_due(self, entry: Entry, by_hand: bool) -> bool:
        content = self.looked.get(entry.version, ABSENT)
        if entry.model is not None and not content.files:
            return False  # it was asked for by number, and is loaded
        if content == entry.content:
            return by_hand and bool(entry.reason) and entry.state != "unloaded"
        return True

    def newest(self) -> Entry | None:
        """The version that should answer who names none."""
        candidates, apart = self.wanted - self.held.keys(), set(self.apart)
        if self.current is not None or candidates - apart:  # a canary that is all there is answers everybody
            candidates -= apart
        return self.entries[max(candidates)] if candidates else None

    def pass_over(self) -> list[Entry]:
        """Do without the versions that were refused, since another answers; return them."""
        refused = [entry for entry in self.entries.values() if entry.model is None and entry.required]
        for entry in refused:
            entry.required, entry.passed_over = False, True
        return refused

    def newest_loaded(self) -> Model | None:
        """The highest number that is loaded and not set apart."""
        return self._loaded(lambda version: version not in self.apart)

    def last(self) -> Entry:
        """The highest number of all."""
        return self.entries[max(self.entries)]

    def promote(self, model: Model) -> bool:
        """Let `model` answer from now on; say whether that is a change."""
        if model is self.current:
            return False
        self.previous, self.current = self.current, model
        entry = self.entries[model.version]
        entry.serve(model, entry.content or ABSENT)
        return True

    def before(self) -> Model | None:
        """The version to go back to: the one that answered before, or the newest that is older."""
        if self.previous is not None or self.current is None:
            return self.previous
        limit = self.current.version
        return self._loaded(lambda version: version < limit and version not in self.apart)

    def unload(self, version: int | None, contents: dict[int, Content]) -> None:
        """Take one version out, or all of them; whoever is loaded beside it answers then."""
        for entry in self.entries.values():
            if version in (None, entry.version):
                entry.unload(contents.get(entry.version))
        if self.previous is not None and version in (None, self.previous.version):
            self.previous = None
        if self.current is not None and version in (None, self.current.version):
            self.current, self.previous = self.previous or self.newest_loaded(), None

    def sweep(self) -> list[Entry]:
        """Forget the versions that nobody wants and nobody may ask; return them."""
        kept = self.wanted | {model.version for model in (self.current, self.previous) if model is not None}
        kept |= {version for version, entry in self.entries.items() if entry.state == "unloaded"} & self.held.keys()
        dropped = [entry for version, entry in self.entries.items() if version not in kept]
        for entry in dropped:
            del self.entries[entry.version]
        return dropped

    @property
    def alive(self) -> set[Model]:
        """Every model that may still be asked."""
        models = {entry.model for entry in self.entries.values()} | {self.current, self.previous}
        return {model for model in models if model is not None}

    def _loaded(self, fits: Callable[[int], bool]) -> Model | None:
        found = [entry for entry in self.entries.values() if entry.model is not None and fits(entry.version)]
        return max(found, key=lambda entry: entry.version).model if found else None
