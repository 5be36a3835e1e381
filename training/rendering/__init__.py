"""Markdown, SVG, HTML, and the terminal."""

__all__ = ["html", "markdown", "picture", "pictures", "terminal"]
