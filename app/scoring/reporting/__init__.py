"""What people are told of a run: before it, on the way, at its end."""

__all__ = ["console", "dry_run", "progress", "report", "textfile"]
