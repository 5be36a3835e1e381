"""Numbers."""

__all__ = ["regression"]
