"""Candidates, each measured; one chosen by a rule."""

__all__ = ["candidates", "measure", "selection"]
