"""The REST API of TensorFlow Serving."""

__all__ = ["handler", "routes"]
