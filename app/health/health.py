"""Started, ready, live, draining: what an orchestrator may conclude.

    started   the first load has ended with every model serving
    ready     started and not draining, and whatever was there at the start serves: send traffic here
    live      the loop turns, no batcher has broken and no run is stuck; load, queue and models never change it

A status carries the answer, the body says why.
"""

from typing import Any

from app.health.watchdog import EngineWatch, Stuck
from app.repository.registry import Registry


class Health:
    """The process's own view of itself; without `engines` no run is stuck."""

    def __init__(self, registry: Registry, engines: EngineWatch | None = None) -> None:
        self._registry = registry
        self._engines = engines
        self.draining = False
        self._started = False

    @property
    def live(self) -> bool:
        return not self._broken and not self._stuck

    @property
    def _broken(self) -> bool:
        return any(model.batcher.failure is not None for model in self._registry.models)

    @property
    def _stuck(self) -> list[Stuck]:
        return [] if self._engines is None else self._engines.stuck

    @property
    def started(self) -> bool:
        """Once true it stays true: a start-up probe must not come back."""
        self._started = self._started or (self._registry.finished.is_set() and self._registry.ready)
        return self._started

    @property
    def ready(self) -> bool:
        return self.started and self._registry.ready and self.live and not self.draining

    def reasons(self) -> list[str]:
        """Say what keeps the process from being ready."""
        reasons = [self._registry.fault] if self._registry.fault and not self._registry.models else []
        if self.draining:
            reasons.append("The process is finishing before it exits.")
        if self._broken:
            reasons.append("A batcher has broken; restart the process.")
        reasons += [str(run) for run in self._stuck]
        if not self._registry.finished.is_set():
            reasons.append("Models are loading.")
        entries = [entry for entry in self._registry.entries if entry.required and entry.state != "ready"]
        reasons += [entry.reason for entry in entries if entry.reason]
        return reasons

    def passed_over(self) -> list[str]:
        """Say which versions were refused at the start and what answers instead: ready, but not with what was asked."""
        return [
            f"{entry.name}/{line.current.version} answers, because version {entry.version} was refused: {entry.reason}"
            for line in self._registry.lines
            for entry in line.entries.values()
            if line.current is not None and entry.passed_over
        ]

    def refusals(self) -> list[str]:
        """Say what is not as the models folder has it, although the process may well be ready."""
        found = [self._registry.fault, *(entry.reason for entry in self._registry.entries)]
        return [text for text in found if text and text not in self.reasons()]

    def summary(self) -> dict[str, Any]:
        refusals = self.refusals()
        return {
            "status": "ready" if self.ready else "not ready",
            "live": self.live,
            "started": self.started,
            "draining": self.draining,
            "reasons": self.reasons(),
            "models": {f"{e.name}/{e.version}": e.state for e in self._registry.entries},
            **({"passed_over": passed_over} if (passed_over := self.passed_over()) else {}),
            **({"refused": refusals} if refusals else {}),
        }
