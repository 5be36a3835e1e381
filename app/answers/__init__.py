"""Types of answers: outputs to JSON, sane, the same, true; drift."""

__all__ = ["base", "registry", "running_scores"]
