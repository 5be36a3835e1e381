"""Types of answers: outputs to JSON, sane, the same, true; drift."""

__all__ = ["base", "figures", "labels", "registry", "running_scores", "totals"]
