"""Temperature and threshold, and how reliable probabilities are."""

__all__ = ["adjustment", "reliability", "temperature", "threshold"]
