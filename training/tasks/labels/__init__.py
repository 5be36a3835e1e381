"""Several labels a row."""

__all__ = ["multilabel"]
