"""The series of feedback: what was sent, and the running scores that came of it.

`app.feedback.store` says when they move. They are there, without samples, also where feedback is off.
"""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

MODEL = ("model", "version")
OUTCOMES = ("counted", "repeated", "unknown", "conflict", "invalid")


class FeedbackMetrics:
    """The instruments.

    Args:
        registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        r: Any = {"registry": registry}
        self.requests = Counter("slipway_feedback", "Requests to /feedback, by outcome.", (*MODEL, "outcome"), **r)
        self.score = Gauge(
            "slipway_feedback_score",
            "Running score of the last rows whose true value is known: accuracy and f1, or mae.",
            (*MODEL, "score"),
            multiprocess_mode="livemostrecent",
            **r,
        )
        self.rows = Gauge(
            "slipway_feedback_rows", "Rows in the running scores.", MODEL, multiprocess_mode="livesum", **r
        )

    def begin(self, labels: tuple[str, str]) -> None:
        """Make the series of a version; a score has none before there is a row."""
        for outcome in OUTCOMES:
            self.requests.labels(*labels, outcome)
        self.rows.labels(*labels).set(0)
