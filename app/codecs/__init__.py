"""JSON and raw bytes to arrays and back; large ones in steps."""

__all__ = ["chunks", "json_lists", "json_tensors", "raw_tensors"]
