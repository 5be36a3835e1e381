"""What is promised, and the windows in which the promise is judged.

A request is *valid* if it was answered with predictions, or should have been. What the caller got wrong (a bad body, a
wrong key, an unknown model, more calls than its rate allows, leaving early) is neither good nor bad: it does not count.
A valid request *failed* if the service refused or lost it: a run that failed, a deadline that passed, a model that was
not ready, a full queue, a limit of requests at once. It was *slow* if it failed, or took longer than the bound.

Windows and factors are those of the Site Reliability Workbook, chapter 5, and of kube-prometheus' API server rules: a
factor of 14.4 spends the budget of 30 days in about two, and 2 % of it in the hour that is looked at.
"""

from dataclasses import dataclass

PERIOD_DAYS = 30
AVAILABILITY = 0.999  # of the valid requests get predictions
LATENCY = 0.99  # of the valid requests get them within the bound
BOUND_MS = 100  # SLIPWAY_OBJECTIVE_MS, which makes it a bucket of the service's histogram

FAILED = "failed|deadline|not_ready|queue_full|wait|concurrency|memory"
CLIENT = "invalid|too_large|rate|unauthorized|unknown_model|left"


@dataclass(frozen=True)
class Objectives:
    """The promises that rules and dashboard are made for."""

    availability: float = AVAILABILITY
    latency: float = LATENCY
    bound_ms: float = BOUND_MS

    @property
    def bound(self) -> str:
        """The label `le` of the bucket that ends at the bound, in seconds as the service writes them."""
        return repr(self.bound_ms / 1000)


@dataclass(frozen=True)
class Burn:
    """One pair of windows: the long one shows that it matters, the short one that it still goes on."""

    factor: float
    long: str
    short: str
    hold: str  # how long both must hold: `for`
    severity: str

    @property
    def days(self) -> str:
        """How soon the budget of the whole period is spent at this rate."""
        return f"{PERIOD_DAYS / self.factor:.2g}"


BURNS = (
    Burn(14.4, "1h", "5m", "2m", "critical"),
    Burn(6, "6h", "30m", "15m", "critical"),
    Burn(3, "1d", "2h", "1h", "warning"),
    Burn(1, "3d", "6h", "3h", "warning"),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SECONDS = {"5m": 300, "30m": 1800, "1h": 3600, "2h": 7200, "6h": 21600, "1d": 86400, "3d": 259200}
FEWEST = 10  # requests that must have failed in the long window: one of ten calls a night is no page
