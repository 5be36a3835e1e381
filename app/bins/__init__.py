"""How values and answers are binned, and counted."""

__all__ = ["category", "characters", "labels", "layout", "number", "text"]
