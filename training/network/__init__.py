"""Encoders of the features, join, trunk, head."""

__all__ = ["architectures", "network", "reparameterize", "tensors"]
