"""Types of values: statistics, the layer that encodes them, their profile."""

__all__ = ["base", "date_parts", "encoder", "features", "registry"]
