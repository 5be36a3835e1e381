"""The choices of a run: declared once by the room that reads them, and kept together."""

from training.options.options import Options, by_name, facts, flags

__all__ = ["Options", "by_name", "facts", "flags"]
