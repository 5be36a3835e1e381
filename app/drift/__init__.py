"""The values of a version's traffic, counted in training's bins."""

__all__ = ["counts", "sampling", "verdicts"]
