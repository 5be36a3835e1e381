"""Files to rows."""

__all__ = ["cells", "dates", "errors", "numbers", "rules", "source", "table", "tally", "words"]
