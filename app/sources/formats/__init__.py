"""Kinds of file to raw chunks: one module a kind."""

__all__ = ["encodings", "kinds", "names", "opening", "parquet"]
