"""What a column holds; summaries in bounded memory."""

__all__ = ["arrays", "bins", "precision", "summaries", "values"]
