"""Numbers, in whatever form: statistics and the layer that encodes them."""

__all__ = ["column_type", "statistics"]
