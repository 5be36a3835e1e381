"""Markdown, SVG, HTML, the terminal, and a notebook."""

__all__ = ["html", "markdown", "notebook", "picture", "pictures", "terminal"]
