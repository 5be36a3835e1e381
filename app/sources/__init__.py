"""Files to rows."""

__all__ = ["dates", "errors", "numbers", "rules", "source", "table", "tally", "words"]
