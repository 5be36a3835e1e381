"""The Open Inference Protocol over gRPC, an extra."""

__all__ = ["server"]
