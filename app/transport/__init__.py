"""Bytes on sockets: the fast path inside uvicorn's protocol, and plain ASGI."""

__all__ = ["asgi", "fast_path", "fast_routes", "uvicorn_compat", "write_coalescing"]
