"""Targets, heads, losses, metrics, opponents, and what the card says of them."""

__all__ = ["base", "evaluate", "losses", "parts", "registry", "target", "truths", "weighted"]
