"""What is served, for those who ask: which version answers, what there is besides, and whether that is enough.

    find(…)              the version that answers a request
    entries, models      every version, and those that serve
    ready                whatever was there at the start serves

`app.repository.reloader` fills it. It knows nothing of folders, and nothing of HTTP.
"""

import asyncio

from app.errors import InvalidInput, NotFound, NotReady
from app.repository.traffic_split import Traffic
from app.repository.versions import Entry, Versions
from app.runtime.model import Model
from app.settings import Settings


class Registry:
    """The versions of every model; `division` says which get a part of the traffic, or a copy of it."""

    def __init__(self, settings: Settings, division: Traffic) -> None:
        self._default_model = settings.default_model
        self.by_name: dict[str, Versions] = {}  # of the reloader; call `refresh` after a change
        self._only: Model | None = None  # the answer of `find` when a request names nothing
        self.sole: Model | None = None  # the same, while there is no version beside it that gets a part of the traffic
        self.division = division
        self.traffic: Traffic | None = None  # the same, while it divides anything
        self.fault = ""  # why there is no model in the folder
        self.finished = asyncio.Event()  # every version found at the start is ready or failed

    @property
    def lines(self) -> list[Versions]:
        """Every model, by name."""
        return [line for _, line in sorted(self.by_name.items())]

    @property
    def entries(self) -> list[Entry]:
        """Every version that was asked for or is still loaded, by name and number."""
        return [line.entries[version] for line in self.lines for version in sorted(line.entries)]

    @property
    def models(self) -> list[Model]:
        """The versions that serve."""
        return [entry.model for entry in self.entries if entry.model is not None]

    @property
    def ready(self) -> bool:
        """True when something serves, and so does every version that was there at the start.

        A version that came later and failed changes nothing: who answered before goes on.
        """
        return any(line.current is not None for line in self.by_name.values()) and all(
            entry.state == "ready" for entry in self.entries if entry.required
        )

    def find(self, name: str | None = None, version: int | None = None) -> Model:
        """Return the version that answers: the newest that loaded, of the named model or of the only or default one.

        Raises `InvalidInput` when several models are loaded and none is named, `NotFound` when the name or version is
        not among those found, `NotReady` when it is there and does not serve.
        """
        if name is None and version is None and self._only is not None:
            return self._only
        line = self.line(name or self._default_name(), version)
        if version is None and line.current is not None:
            return line.current
        entry = line.newest() or line.last() if version is None else line.entries[version]
        if entry.model is None:
            message = f"Model `{entry.name}` version {entry.version} is {entry.state}."
            raise NotReady(message, (entry.name, entry.version))
        return entry.model

    def line(self, name: str, version: int | None = None) -> Versions:
        """Return the versions of a model; raises NotFound, also when the one that is named is not among them."""
        line = self.by_name.get(name)
        if line is None or not line.entries or (version is not None and version not in line.entries):
            asked = name if version is None else f"{name}/{version}"
            served = ", ".join(f"{e.name}/{e.version}" for e in self.entries) or "none"
            raise NotFound(f"Unknown model: expected one of {served}.", f"`{asked[:200]}`")
        return line

    def refresh(self) -> None:
        """Bring up to date what is looked up on each request; call it after every change."""
        try:
            line = self.by_name.get(self._default_name())
        except (InvalidInput, NotReady):
            line = None
        self._only = None if line is None else line.current
        self.traffic = self.division if self.division.resolve(self.by_name) else None
        self.sole = self._only if self.traffic is None else None

    def _default_name(self) -> str:
        names = sorted(name for name, line in self.by_name.items() if line.entries)
        if not names:
            raise NotReady("No model is loaded.")
        if self._default_model is not None:
            return self._default_model
        if len(names) > 1:
            raise InvalidInput(("model",), f"one of {', '.join(names)} in the query", "nothing")
        return names[0]
