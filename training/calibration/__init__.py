"""Temperature and threshold."""

__all__ = ["adjustment", "temperature", "threshold"]
