"""Who calls `do_stretch`: one module an engine, imported when it is named."""

__all__ = ["base", "registry"]
