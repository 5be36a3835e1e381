"""Keras to ONNX, with the same answers."""

__all__ = ["fronts", "onnx", "ort_session"]
