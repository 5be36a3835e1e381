"""Keras to ONNX, with the same answers."""

__all__ = ["onnx", "ort_session"]
