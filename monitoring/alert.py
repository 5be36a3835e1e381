"""What an alert is: an expression, how long it must hold, and words that a person who was woken can use."""

from dataclasses import dataclass, field

RUNBOOK = "runbook.md"


@dataclass(frozen=True)
class Alert:
    """One alerting rule; `summary` and `description` are Prometheus templates."""

    name: str
    severity: str  # critical: somebody must look now. warning: somebody must look today.
    hold: str  # `for`: how long the expression must hold
    expr: str
    summary: str
    description: str
    labels: dict[str, str] = field(default_factory=dict)

    def runbook(self, docs: str) -> str:
        """Where to read what to do; `docs` is where the documents lie."""
        return f"{docs}/{RUNBOOK}#{self.name.lower()}"
