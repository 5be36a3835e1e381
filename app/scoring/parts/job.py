"""A job: a plan, and where one machine sees what it names; plain data that goes to whoever works.

Job ─ place, scorer ─> what a worker needs; loaded once a process
"""

import pickle
from functools import lru_cache
from pathlib import Path

import msgspec

from app.bundle import reader
from app.scoring.errors import Refused
from app.scoring.parts.plan import Plan
from app.scoring.places.base import Place
from app.scoring.places.registry import place_of
from app.scoring.scorer import Scorer, load_scorer
from app.settings import Settings


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, with which bundle, where to."""

    plan: Plan
    data: tuple[str, ...]  # the path of each input
    out: str  # the address of a place
    bundle: str  # the version's folder
    settings: Settings  # of the engine

    @property
    def place(self) -> Place:
        return place_of(self.out)

    @property
    def scorer(self) -> Scorer:
        """The scorer, loaded once a process; raises `Refused` where the bundle is another than the plan's."""
        scorer = _scorer(self.bundle, pickle.dumps(self.settings), self.plan.run_rows)
        check_manifest(Path(self.bundle), self.plan)
        return scorer


def check_manifest(bundle: Path, plan: Plan) -> None:
    """Refuse a bundle that is not the plan's."""
    if (found := reader.sha256(bundle / reader.MANIFEST)) != plan.manifest_sha256:
        expected = f"the manifest that was planned with, sha256 {plan.manifest_sha256}"
        raise Refused(f"{bundle}: expected {expected}. Received: {found}.")


@lru_cache(maxsize=1)
def _scorer(bundle: str, settings: bytes, run_rows: int) -> Scorer:
    """Load a version; settings are pickled, for they have no hash."""
    return load_scorer(Path(bundle), pickle.loads(settings), run_rows)  # noqa: S301 - this process's own
