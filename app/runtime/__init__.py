"""One version on ONNX Runtime: engine, tuning, golden check, row independence."""

__all__ = ["answer", "engine", "golden_check", "model"]
