"""Files to rows."""

__all__ = ["csv_reader"]
