"""Many fits to the options of the best."""

__all__ = ["search", "trials"]
