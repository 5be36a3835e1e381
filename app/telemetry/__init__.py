"""What is recorded about each request: logs, spans."""

__all__ = ["ending", "log_format", "request_observer", "request_record", "tracing"]
