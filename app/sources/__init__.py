"""Files to rows."""

__all__ = ["cells", "dates", "errors", "files", "frames", "numbers", "rules", "source", "table", "tally", "words"]
