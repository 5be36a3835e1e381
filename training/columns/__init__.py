"""What a column holds; summaries in bounded memory."""

__all__ = ["arrays", "bins", "hashes", "precision", "summaries", "values"]
