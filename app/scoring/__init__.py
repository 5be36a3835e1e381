"""Models and files without a service: `check`, `drift`, `score`."""

__all__ = ["check", "command", "drift_report", "scored_file", "scorer", "tally"]
