"""Words: vocabulary and the layer that encodes them."""

__all__ = ["category"]
