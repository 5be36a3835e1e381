"""Kinds of file to raw chunks: one module a kind."""

__all__ = ["encodings", "excel", "ipc", "json_lines", "kinds", "names", "opening", "parquet", "values"]
