"""One road: file, types by all rows, cells, split; in a file where it is large."""

__all__ = ["accounts", "columns_asked", "identity", "labelled_rows", "prepare", "redivision", "split", "survey"]
