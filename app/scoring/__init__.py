"""Models and files without a service: `check`, `drift`."""

__all__ = ["check", "drift_report", "scorer", "tally"]
