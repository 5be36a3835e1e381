"""A plan of parts, and how one of them is done; whoever calls it."""

__all__ = ["cutting", "estimate", "fetching", "inputs", "job", "marker", "part", "plan"]
