"""Markdown, SVG and HTML."""

__all__ = ["html", "markdown", "picture", "pictures"]
