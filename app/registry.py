"""Which models and versions are served, and why others are not.

    load_all()   each model folder -> its versions -> `app.model.load` -> ready, or failed with the reason
    find(…)      the version that answers a request

It knows nothing of HTTP; loading happens in a worker thread, so that health answers meanwhile.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app import bundle as bundles
from app.errors import BundleError, InvalidInput, NotFound, NotReady
from app.model import Model, Observer, load
from app.settings import Settings

log = logging.getLogger("slipway.registry")

State = Literal["loading", "ready", "failed"]


@dataclass
class Entry:
    """One version of one model, whatever became of it."""

    name: str
    version: int
    state: State = "loading"
    reason: str = ""
    model: Model | None = None


class Registry:
    """The versions found in the models folder.

    Args:
        settings: where the folder is and which versions of it to serve.
        observe: makes the observer of a model's batcher once it is ready.
        loaded: told of every entry whose loading has ended, well or not.
    """

    def __init__(
        self, settings: Settings, observe: Callable[[Model], Observer], loaded: Callable[[Entry], None]
    ) -> None:
        self._settings = settings
        self._observe = observe
        self._loaded = loaded
        self.entries: list[Entry] = []
        self.fault = ""  # why there is no entry at all
        self.finished = asyncio.Event()  # every entry is ready or failed
        self._only: Model | None = None  # the answer of `find` when a request names nothing

    async def load_all(self) -> None:
        """Load every version that the policy asks for; a failure is kept as the reason, never raised."""
        try:
            self.entries = list(self._scan())
        except BundleError as error:
            self.fault = str(error)
            log.error("%s", error)
        for entry in self.entries:
            await self._load(entry)
        self._only = self._choose_default()
        self.finished.set()

    @property
    def ready(self) -> bool:
        """True when there is a model and every version asked for serves."""
        return bool(self.entries) and all(entry.state == "ready" for entry in self.entries)

    @property
    def models(self) -> list[Model]:
        """The versions that serve."""
        return [entry.model for entry in self.entries if entry.model is not None]

    def find(self, name: str | None = None, version: int | None = None) -> Model:
        """Return the version that answers: the newest of the named model, or of the only or default one.

        Raises:
            InvalidInput: when several models are loaded and none is named.
            NotFound: when the name or version is not among those found.
            NotReady: when it is there and does not serve.
        """
        if name is None and version is None and self._only is not None:
            return self._only
        entry = self._newest(name or self._default_name(), version)
        if entry.model is None:
            raise NotReady(f"Model `{entry.name}` version {entry.version} is {entry.state}.")
        return entry.model

    def stop(self) -> None:
        """Free the models' threads."""
        for model in self.models:
            model.stop()

    def _newest(self, name: str, version: int | None) -> Entry:
        found = [e for e in self.entries if e.name == name and version in (None, e.version)]
        if not found:
            asked = name if version is None else f"{name}/{version}"
            served = ", ".join(f"{e.name}/{e.version}" for e in self.entries) or "none"
            raise NotFound(f"Unknown model: expected one of {served}. Received: `{asked[:200]}`.")
        return max(found, key=lambda entry: entry.version)

    def _default_name(self) -> str:
        names = sorted({entry.name for entry in self.entries})
        if not names:
            raise NotReady("No model is loaded.")
        if self._settings.default_model is not None:
            return self._settings.default_model
        if len(names) > 1:
            raise InvalidInput(f"Invalid `model`: expected one of {', '.join(names)} in the query. Received: nothing.")
        return names[0]

    def _choose_default(self) -> Model | None:
        try:
            return self._newest(self._default_name(), None).model
        except (InvalidInput, NotFound, NotReady):
            return None

    def _scan(self) -> Iterator[Entry]:
        root = self._settings.models
        folders = _model_folders(root)
        for folder in folders:
            found = bundles.versions(folder)
            for version in found if self._settings.versions == "all" else found[-1:]:
                yield Entry(folder.name, version)

    async def _load(self, entry: Entry) -> None:
        folder = self._settings.models / entry.name / str(entry.version)
        try:
            model = await asyncio.to_thread(load, folder, self._settings)
        except BundleError as error:
            entry.state, entry.reason = "failed", str(error)
            log.error("Not served: %s/%d: %s", entry.name, entry.version, error)
        except Exception as error:
            entry.state, entry.reason = "failed", f"{folder}: {type(error).__name__}: {error}"
            log.exception("Not served: %s/%d", entry.name, entry.version)
        else:
            model.start(self._observe(model), self._settings)
            entry.state, entry.model = "ready", model
            log.info("Serving %s/%d: %s. %s", entry.name, entry.version, model.decision, model.facts.remark)
        self._loaded(entry)


def _model_folders(root: Path) -> list[Path]:
    """List the folders that hold at least one version.

    Raises:
        BundleError: when there is none, saying where one was expected.
    """
    wanted = f"expected bundles in {root.absolute()}/<name>/<version>/"
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    except OSError as error:
        raise BundleError(f"{root}: {wanted}. Received: {error.strerror}.") from error
    folders = [folder for folder in folders if re.match(bundles.NAME_PATTERN, folder.name) and bundles.versions(folder)]
    if not folders:
        raise BundleError(f"{root}: {wanted}. Received: no such folder.")
    return folders
