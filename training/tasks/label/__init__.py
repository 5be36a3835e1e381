"""Classes."""

__all__ = ["classification", "weighted"]
