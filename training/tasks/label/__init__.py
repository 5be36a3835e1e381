"""Classes."""

__all__ = ["classification"]
