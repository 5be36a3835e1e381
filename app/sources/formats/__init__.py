"""Kinds of file to raw chunks: one module a kind."""

__all__ = ["csv_table", "kinds", "opening", "parquet"]
