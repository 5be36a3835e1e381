"""The series of feedback: what was sent, and the running scores that came of it.

`app.feedback.store` says when they move. They are there, without samples, also where feedback is off.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.metrics.instruments import MODEL

OUTCOMES = ("counted", "repeated", "unknown", "conflict", "invalid")


class FeedbackMetrics:
    """The instruments."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "Requests to /feedback, by outcome."
        self.requests = Counter("slipway_feedback", text, (*MODEL, "outcome"), registry=registry)
        text = "Running score of the last rows whose true value is known: accuracy and f1, micro_f1 and exact, or mae."
        self.score = Gauge(
            "slipway_feedback_score", text, (*MODEL, "score"), registry=registry, multiprocess_mode="livemostrecent"
        )
        text = "Rows in the running scores."
        self.rows = Gauge("slipway_feedback_rows", text, MODEL, registry=registry, multiprocess_mode="livesum")

    def begin(self, labels: tuple[str, str]) -> None:
        """Make the series of a version; a score has none before there is a row."""
        for outcome in OUTCOMES:
            self.requests.labels(*labels, outcome)
        self.rows.labels(*labels).set(0)
