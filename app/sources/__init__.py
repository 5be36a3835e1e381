"""Files to rows."""

__all__ = ["csv_reader", "dates", "errors", "numbers", "rules", "source", "table", "tally", "words"]
