"""At the start, where the newest version was refused: an older one that proves itself (`start_with_older`).

    load_older(…)   the versions below those that were tried, from the newest on ─> the first that loads, or None

Each is verified, loaded and run on its golden rows like any other. Which of them answers is for the reloader to say.
"""

from functools import partial
from pathlib import Path
from typing import Protocol

from app.bundle.reader import versions
from app.repository.folder_scan import content
from app.repository.loader import Loader
from app.repository.versions import Entry, Versions
from app.runtime.model import Model

OLDER_MAX = 5  # versions that are tried: somebody waits for the start


class Loads(Protocol):
    """What loads a version; see `app.repository.reloader`."""

    loader: Loader

    async def try_load(self, line: Versions, entry: Entry, *, by_hand: bool) -> None: ...


async def load_older(loads: Loads, line: Versions, folder: Path) -> Model | None:
    """Load the newest version in a model's `folder` that is older than those that were tried, and can be loaded."""
    found = await loads.loader.run(partial(versions, folder))
    older = [version for version in reversed(found) if version < min(line.entries)]
    for version in older[:OLDER_MAX]:
        entry = line.entries.setdefault(version, Entry(line.name, version))
        line.looked[version] = await loads.loader.run(partial(content, folder / str(version)))
        line.wanted.add(version)  # until the next look; a refusal is shown at least so long
        await loads.try_load(line, entry, by_hand=True)
        if entry.model is not None:
            return entry.model
    return None
