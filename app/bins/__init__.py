"""How values and answers are binned, and counted."""

__all__ = ["category", "labels", "layout", "number", "text"]
