"""Bytes on sockets: the fast path inside uvicorn's protocol, and plain ASGI."""

__all__ = ["asgi", "asgi_body", "fast_path", "fast_routes", "unread_answers", "uvicorn_compat", "write_coalescing"]
