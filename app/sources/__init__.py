"""Files to rows."""

__all__ = ["cells", "dates", "errors", "frames", "numbers", "rules", "source", "table", "tally", "words"]
