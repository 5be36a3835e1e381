"""What answers are written as: one module a format."""

__all__ = ["base", "registry"]
