"""Rows of files scored offline, beside the graph alone and beside the loops that people write."""
