"""Tokens of texts: rows of any length, run in groups of like length."""

__all__ = ["ragged"]
