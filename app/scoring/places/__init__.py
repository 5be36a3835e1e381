"""Where plan, parts and report lie: whole files that appear at once, or not at all."""

__all__ = ["addresses", "base", "registry"]
