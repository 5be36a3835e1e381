"""Text whose rows are lines and whose cells are divided: CSV, TSV and their odd forms."""

__all__ = ["cells", "header", "table"]
