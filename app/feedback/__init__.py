"""Recent predictions by request id, met by the truth."""

__all__ = ["store"]
