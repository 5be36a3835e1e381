"""Every choice, declared once by the room that reads it."""

from training.options.options import Options, by_name, facts, flags

__all__ = ["Options", "by_name", "declare", "facts", "flags", "rooms"]
