"""Numbers."""

__all__ = ["regression", "residuals"]
