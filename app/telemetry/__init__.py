"""What is recorded about each request: logs, spans."""

__all__ = ["log_format", "request_observer", "request_record", "tracing"]
